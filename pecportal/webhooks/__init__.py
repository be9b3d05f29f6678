"""Events of an organisation, in order, and the calls that tell programs of them."""
