"""Conditions of campaigns: their words, and how they are checked and compiled."""

from contracts.conditions.compiler import Condition, Frame, compile_condition
from contracts.conditions.errors import ConditionError
from contracts.conditions.naming import segments_named

__all__ = ["Condition", "ConditionError", "Frame", "compile_condition", "segments_named"]
