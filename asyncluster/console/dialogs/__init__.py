"""What asks the operator for something more."""
