"""What every requirement is made of.

==================  ================================================================================
``requirement``     a statement with its source and its check; trials and results
``probe``           asks one implementation something, as a check wants it
``answer_checks``   checks that an answer has the arrays that requirements calculate with
``comparing``       compares an answer with the reference
``interfaces``      the documented arguments of each API
==================  ================================================================================
"""
