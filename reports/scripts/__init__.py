"""Scripts that reproduce a divergence with nothing but the framework, and their execution."""
