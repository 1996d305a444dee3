"""Which chain for which bytes: pure functions of what is known of them."""
