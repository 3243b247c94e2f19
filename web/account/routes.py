"""Every page of accounts that has a light twin."""

from web.account import info, login, own, password, people, register, reset

routes = [
    *login.routes,
    *register.routes,
    *reset.routes,
    *own.routes,
    *info.routes,
    *password.routes,
    *people.routes,
]
