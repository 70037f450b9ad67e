"""Contacts and rotas: whom faultd reaches, by which methods, and who is on call when."""
