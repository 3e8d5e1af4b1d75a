"""What people read: HTML, Markdown, terminal, JUnit, annotations, and their words."""
