"""Conditions of campaigns: their words, and how they are checked and compiled."""

from contracts.conditions.compiler import Condition, Frame, compile_condition
from contracts.conditions.errors import ConditionError

__all__ = ["Condition", "ConditionError", "Frame", "compile_condition"]
