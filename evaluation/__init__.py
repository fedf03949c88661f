"""How good is a model? Recordings replayed prequentially: guess, then learn, in one pass.

`next_item` is the loop that asks models what comes next, `competitors` who takes part, `tasks` the
kinds of questions there are, `metrics` the figures.
"""
