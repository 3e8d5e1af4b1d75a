"""What any API owes its users: one module for each property."""
