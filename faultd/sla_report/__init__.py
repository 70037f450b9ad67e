"""Service level reports on paper: texts, tables and the bar of a report (pure), and the PDF made of them by typst."""
