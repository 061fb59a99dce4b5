"""A small blog with a real comment form: a plain client of the gateway.

It knows the gateway only as any blog does: two lines of HTML for the sign-in, and
gateway/verify.py for the tokens that come with comments. No other module of ours is used.
"""

from gateway.demo.app import blog

__all__ = ["blog"]
