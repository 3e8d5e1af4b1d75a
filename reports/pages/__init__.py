"""Pages for people and CI: HTML, Markdown, terminal, JUnit, annotations, and the words they share."""
