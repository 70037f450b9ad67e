"""The clock's beat: what makes time pass for the fold when nothing else happens."""
