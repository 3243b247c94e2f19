"""The OpenAPI 3.1 document, made of the operations as they are served."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.errors import Coded
from core.http.refusals import code_words, status
from web.api.models import Nothing
from web.api.operation import Auth, Operation
from web.api.problems import CONTENT_TYPE, Problem
from web.api.serving import KEY, KEY_PATTERN

VERSION = "1.0.0"
TEMPLATE = "#/components/schemas/{model}"
BASE = "/api/v1"
_SECURITY: dict[Auth, list[dict[str, list[str]]]] = {
    Auth.ANYBODY: [{}, {"signature": []}],
    Auth.PATIENT: [{"bearer": []}],
    Auth.PARTNER: [{"signature": []}],
}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "登录后得到的令牌"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": "合作单位的签名：RFC 9421，HMAC-SHA256，同 Signature-Input 一起发送；见 docs/api.md",
    },
}
_SUCCESS = {200: "好", 201: "已办好", 202: "已受理", 204: "已办好，没有内容"}

Schema = dict[str, Any]


def document(operations: Sequence[Operation], groups: dict[str, str]) -> Schema:
    """groups: what each group is called."""
    paths: defaultdict[str, Schema] = defaultdict(dict)
    for one in operations:
        paths[one.path][one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "12320 预约挂号接口",
            "version": VERSION,
            "description": "给手机应用和合作单位。Appointments by JSON: for applications and partners.",
        },
        "servers": [{"url": BASE}],
        "tags": [{"name": name, "description": words} for name, words in groups.items()],
        "paths": dict(paths),
        "components": {"schemas": _schemas(operations), "securitySchemes": _SCHEMES},
    }


def _schemas(operations: Sequence[Operation]) -> Schema:
    asked = {one.body for one in operations if one.body is not Nothing}
    answered = {one.answer for one in operations if one.answer is not None} | {Problem}
    in_order = sorted(asked, key=lambda model: model.__name__), sorted(answered, key=lambda m: m.__name__)
    models: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in in_order[0]]
    models += [(model, "serialization") for model in in_order[1]]
    _, found = models_json_schema(models, ref_template=TEMPLATE)
    schemas: Schema = found["$defs"]
    return schemas


def _operation(one: Operation) -> Schema:
    said: Schema = {
        "operationId": one.name,
        "tags": [one.group],
        "summary": f"{one.title} / {one.english}",
        "security": [{}] if one.strict_pace else _SECURITY[one.auth],
        "responses": _responses(one),
    }
    if parameters := [*_parameters(one, "path"), *_parameters(one, "query"), *_key(one)]:
        said["parameters"] = parameters
    if one.body is not Nothing:
        said["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(one.body)}},
        }
    return said


def _parameters(one: Operation, where: str) -> Iterable[Schema]:
    model = one.path_ if where == "path" else one.query
    schema = model.model_json_schema(ref_template=TEMPLATE)
    for name, of in schema.get("properties", {}).items():
        yield {
            "name": name,
            "in": where,
            "required": where == "path" or name in schema.get("required", ()),
            "schema": _not_null(of),
        }


def _not_null(schema: Schema) -> Schema:
    """What may be left out of an address cannot be null in it."""
    without = {name: of for name, of in schema.items() if name not in ("title", "default", "anyOf")}
    if "anyOf" in schema:
        (only,) = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return {**without, **only}
    return {**without, "default": schema["default"]} if "default" in schema else without


def _key(one: Operation) -> Iterable[Schema]:
    if one.repeatable:
        yield {
            "name": KEY,
            "in": "header",
            "required": True,
            "description": "每次办理用一个新的；重发时用原来的，会得到原来的结果",
            "schema": {"type": "string", "pattern": KEY_PATTERN},
        }


def _ref(model: type[BaseModel]) -> Schema:
    return {"$ref": TEMPLATE.format(model=model.__name__)}


def _responses(one: Operation) -> Schema:
    said: Schema = {str(one.status): {"description": _SUCCESS[one.status]}}
    if one.answer is not None:
        said[str(one.status)]["content"] = {"application/json": {"schema": _ref(one.answer)}}
    by_status: defaultdict[int, list[type[Coded]]] = defaultdict(list)
    for refusal in one.may_refuse:
        by_status[status(refusal())].append(refusal)
    for number, refusals in sorted(by_status.items()):
        codes = sorted(refusal.code for refusal in refusals)
        schema = {"allOf": [_ref(Problem), {"properties": {"code": {"enum": codes}}}]}
        said[str(number)] = {
            "description": "\n".join(f"- `{code}`：{code_words(code)}" for code in codes),
            "content": {CONTENT_TYPE: {"schema": schema}},
        }
        if number in (429, 503):
            said[str(number)]["headers"] = {
                "Retry-After": {"schema": {"type": "integer", "minimum": 0}, "required": True}
            }
    return said
