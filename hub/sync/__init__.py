"""The engine: claim, settle the unknown, pull, judge, render, plan, write, finish (DESIGN section 8)."""
