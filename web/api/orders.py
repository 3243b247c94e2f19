"""The operations on appointments: of a patient, and the same of a partner."""

from core.errors import NotFound
from web.api import appointments, payment, reasons
from web.api.appointments import (
    GROUP,
    Appointment,
    AppointmentPath,
    Appointments,
    Cancelled,
    ChangeTo,
    ListQuery,
    NewAppointment,
    NewPartnerAppointment,
)
from web.api.holds import PARTNERS
from web.api.operation import Auth, Operation
from web.api.payment import Payment


def _shared(auth: Auth, before: str, group: str, name: str) -> tuple[Operation, ...]:
    more = reasons.REHEARSING if auth is Auth.PARTNER else ()
    at = f"{before}/appointments"
    one = f"{at}/{{serial}}"
    return (
        Operation(
            f"{name}list-appointments", "GET", at, group, "预约列表，每页十个", "List appointments",
            appointments.listed, Appointments, auth=auth, query=ListQuery, function="orders",
        ),
        Operation(
            f"{name}get-appointment", "GET", one, group, "看一个预约", "Get an appointment",
            appointments.see, Appointment, auth=auth, path_=AppointmentPath, function="orders",
        ),
        Operation(
            f"{name}cancel", "POST", f"{one}/cancel", group, "取消预约，按规定退费", "Cancel an appointment",
            appointments.give_up, Cancelled, auth=auth, path_=AppointmentPath,
            refusals=reasons.CANCELLING, repeatable=True, function="cancel",
        ),
        Operation(
            f"{name}change", "POST", f"{one}/change", group, "改约到另占的号",
            "Move an appointment to a hold", appointments.move, Appointment, 201, auth,
            path_=AppointmentPath, body=ChangeTo,
            refusals=(*reasons.CHANGING, *more), repeatable=True, function="change",
        ),
        Operation(
            f"{name}get-payment", "GET", f"{one}/payment", group, "支付情况和支付页面的地址",
            "What is to be paid, and where", payment.see, Payment, auth=auth, path_=AppointmentPath,
            function="orders",
        ),
    )  # fmt: skip


OPERATIONS = (
    Operation(
        "book", "POST", "/appointments", GROUP, "预约：把占的号变成预约", "Book a held number",
        appointments.make, Appointment, 201, Auth.PATIENT, body=NewAppointment,
        refusals=(NotFound, *reasons.BOOKING), repeatable=True,
    ),
    *_shared(Auth.PATIENT, "", GROUP, ""),
)  # fmt: skip
OF_PARTNERS = (
    Operation(
        "partner-book", "POST", "/partner/appointments", PARTNERS, "为实名的患者预约",
        "Book for a named patient", appointments.make_for, Appointment, 201, Auth.PARTNER,
        body=NewPartnerAppointment,
        refusals=(*reasons.BOOKING, *reasons.OF_PARTNERS_BOOKINGS), repeatable=True, function="book",
    ),
    *_shared(Auth.PARTNER, "/partner", PARTNERS, "partner-"),
)  # fmt: skip
