import socket, os
class Notifier:
    def __init__(self, path): self.path=path
    @classmethod
    def from_environment(cls, env): return cls(env.get("NOTIFY_SOCKET"))
    def _s(self, t):
        if self.path:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s: s.sendto(t.encode(), self.path)
    def status(self,t): self._s("STATUS="+t)
    def ready(self,t): self._s("READY=1\nSTATUS="+t)
    def stopping(self,t): self._s("STOPPING=1\nSTATUS="+t)
    def reloading(self): self._s("RELOADING=1")
    async def keep_alive(self, f): pass
