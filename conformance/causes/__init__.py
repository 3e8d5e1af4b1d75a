"""Why calls fail.

=====================  =============================================================================
``failures``           kinds of failure, and which calls show each
``condition_search``   the shortest condition that separates failing calls from passing ones
``refine``             asks a framework where conditions that still fit disagree
``shrink``             the smallest case that still fails
``one_hot``            lights single elements until one product goes wrong
``fault_match``        the fault models that answer just as the framework did
``worked_example``     one element's sum, by hand
``follow_up``          further cases asked after a run
``cause``              what is known of why some calls fail
``explainer``          all of it, for one implementation
``find``               the causes in a run's records, targets side by side
=====================  =============================================================================
"""
