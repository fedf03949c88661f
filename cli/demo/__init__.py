"""`headrace demo`: the whole engine on this machine, with a stream of shoppers to look at."""
