"""Display of figures and tables in a chapter, and the rendering of chapters as PDF and HTML."""
