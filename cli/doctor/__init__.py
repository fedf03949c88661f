"""`headrace doctor`: what is wrong with what an engine stands on, and how to mend it."""
