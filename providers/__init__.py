"""The providers, in the order in which their icons stand when a site does not say otherwise."""

from providers.facebook import FACEBOOK
from providers.twitter import TWITTER, TWITTER1
from providers.wordpress import WORDPRESS

PROVIDERS = {provider.key: provider for provider in (WORDPRESS, TWITTER, TWITTER1, FACEBOOK)}
