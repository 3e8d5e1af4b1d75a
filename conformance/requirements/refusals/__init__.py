"""Invalid calls, and the requirement to refuse them.

=================  =================================================================================
``invalid_call``   one invalid call, and the verdict on how an implementation handles it
``numbers``        numbers out of range or of the wrong type
``options``        other arguments
``tensors``        inputs, weights and biases that do not fit
``messages``       the messages of the exceptions
=================  =================================================================================
"""
