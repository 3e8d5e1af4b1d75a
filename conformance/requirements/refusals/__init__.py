"""Calls that must be refused.

=================  =================================================================================
``invalid_call``   one such call, and the verdict on how an implementation handles it
``numbers``        numbers out of range or of the wrong type
``options``        other arguments
``tensors``        inputs, weights and biases that do not fit
``messages``       what the exceptions say
=================  =================================================================================
"""
