"""The notifier: it delivers the notifications that the dispatcher decided, and brings back what became of them."""
