"""The one resident process of a user: rules, pending requests, grants, the open log. A person starts it."""
