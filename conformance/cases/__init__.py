"""What a case is, and what its parameters mean.

==============  ====================================================================================
``case``        one configuration of the operator with its data recipe; plain data both ways
``case_id``     the id that says all of it, written and read
``tensors``     the numbers that a recipe makes
``meaning``     what documents demand of a call: a geometry, a refusal, or nothing
``products``    which elements of input, weight and output meet in a product
``condition``   conditions on parameters, as reports print them and expectations hold them
==============  ====================================================================================
"""
