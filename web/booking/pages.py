"""Every page of the wizard, ready to run and to be made light."""

from web.booking import choosing, confirming, done, kept

routes = [*choosing.routes, *confirming.routes, *done.routes, *kept.routes]
