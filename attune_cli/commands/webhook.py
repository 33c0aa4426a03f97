"""`attune webhook`: the webhooks of a pack repository, a payload tried on one, and one sent as its service would send it.

Reads the files as they are; attune_core.webhooks verifies and signs, the controller answers what is sent.
"""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, group
from attune_cli.errors import BadArgument, RequestFailed
from attune_cli.hook_request import body_of, catalog_here, fields_of, headers_of, read_bytes, read_payload, sendable, webhook_of
from attune_cli.profiles import load_profile
from attune_cli.render.output import show_fields, show_json, show_line, show_table
from attune_cli.render.webhook import webhook_fields
from attune_cli.sending import became
from attune_cli.tokens import read_token
from attune_core.catalog.catalog import Webhook
from attune_core.ports import SystemClock
from attune_core.rules.delivering import undeliverable
from attune_core.values import JsonObject, JsonValue
from attune_core.webhooks.bodies import read_body
from attune_core.webhooks.delivery import read_delivery
from attune_core.webhooks.scheme import Sending
from attune_core.webhooks.table import SCHEMES
from attune_core.wire.api import Accepted

app = group("Webhooks: what there is and what one takes, try a payload, send one signed.")

Repository = Annotated[Path, typer.Option("--repository", help="The pack repository.")]
Name = Annotated[str, typer.Argument(help="The webhook, such as github.")]
PayloadFile = Annotated[str, typer.Option("--payload", metavar="FILE", help="What the service says, as JSON; - is standard input.")]
Headers = Annotated[list[str] | None, typer.Option("--header", metavar="NAME:VALUE", help="A header of the request; may be repeated.")]


@app.command("list")
def list_webhooks(path: Repository = Path(), json: JsonFlag = False) -> None:
    """List the webhooks of a repository.

    Each with its address, how its sender is verified, and where it leads.

    Example: attune webhook list
    """
    catalog = catalog_here(path, json=json)
    if catalog is None:
        raise typer.Exit(1)
    hooks = [hook for _, hook in sorted(catalog.webhooks.items())]
    if json:
        described: list[JsonValue] = [_described(hook) for hook in hooks]
        show_json(described)
        return
    rows = [(f"/hooks/{hook.name}", hook.document.verify, ", ".join(hook.secrets), ", ".join(_triggers(hook))) for hook in hooks]
    show_table(("address", "verify", "secrets", "triggers"), rows, empty="no webhooks")


@app.command()
def show(name: Name, path: Repository = Path(), json: JsonFlag = False) -> None:
    """Show what a webhook of a repository takes, and where it leads.

    Says how its sender is verified, with the names of the secrets, and which rules listen.

    Example: attune webhook show github
    """
    catalog = catalog_here(path, json=json)
    if catalog is None:
        raise typer.Exit(1)
    hook = webhook_of(catalog, name)
    rules = {trigger: [rule.ref for rule in catalog.rules_by_trigger.get(trigger, ())] for trigger in _triggers(hook)}
    if json:
        kinds: JsonObject = dict(hook.triggers)
        listening: JsonObject = {trigger: list(refs) for trigger, refs in rules.items()}
        document = hook.document.model_dump(mode="json", exclude={"secret", "previous_secret"}, exclude_none=True)
        show_json({**_described(hook), "document": document, "kinds": kinds, "rules": listening})
    else:
        show_fields(webhook_fields(hook, rules))


@app.command("test")
def try_payload(name: Name, payload: PayloadFile, header: Headers = None, path: Repository = Path(), json: JsonFlag = False) -> None:
    """Say what a payload would be at a webhook, here.

    Shows the trigger, the id, whether it fits the schema and which rules listen; nothing is verified or sent.
    Ends with 1 if the event would be a dead letter.

    Example: attune webhook test github --payload push.json --header X-GitHub-Event:push --header X-GitHub-Delivery:1
    """
    catalog = catalog_here(path, json=json)
    if catalog is None:
        raise typer.Exit(1)
    webhook = webhook_of(catalog, name)
    raw = body_of(read_payload(payload), webhook.document)
    found = read_delivery(webhook, fields_of(headers_of(header or (), webhook.document)), read_body(raw, webhook.document))
    letter = undeliverable(found.trigger, found.data, catalog)
    dead = letter.detail if letter else ""
    rules = [rule.ref for rule in catalog.rules_by_trigger.get(found.trigger, ())]
    if json:
        show_json({"trigger": found.trigger, "id": found.id, "data": found.data, "dead_letter": dead, "rules": list(rules)})
    else:
        listening = ", ".join(rules) or "none"
        identity = found.id or ("a new one each time" if webhook.document.replay == "id" else "the body's digest")
        show_fields([("trigger", found.trigger), ("id", identity), ("data", dead or "fits the trigger's schema"), ("rules", listening)])
    raise typer.Exit(1 if dead else 0)


@app.command()
def send(
    name: Name,
    payload: PayloadFile,
    header: Headers = None,
    secret_file: Annotated[Path | None, typer.Option(help="Read the secret from this file instead of a prompt or standard input.")] = None,
    delivery: Annotated[str, typer.Option("--id", help="The delivery's id, where the service has one (default: a new one).")] = "",
    path: Repository = Path(),
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Send a payload signed as its service signs.

    It goes to the webhook of the profile's controller.
    The secret comes from a prompt, standard input or a file, never from the command line.

    Example: attune webhook send github --payload push.json --header X-GitHub-Event:push --secret-file secrets/github
    """
    catalog = catalog_here(path, json=json)
    if catalog is None:
        raise typer.Exit(1)
    document, scheme = (webhook := webhook_of(catalog, name)).document, SCHEMES[webhook.document.verify]
    if scheme.keyed and secret_file is None and payload == "-":
        raise BadArgument("payload and secret cannot both come from standard input", hint="name one of them: --secret-file FILE")
    body = body_of(read_payload(payload), document)
    secret = _secret(secret_file) if scheme.keyed else b""
    sending = Sending(body=body, secret=secret, now=SystemClock().now(), delivery=delivery or str(uuid.uuid4()))
    headers = sendable({**scheme.sign(sending, document), **headers_of(header or (), document)})
    with Client(replace(load_profile(profile), token="")) as client:  # a service has no token of the API
        status, answer = client.post_bytes(f"/hooks/{name}", body, headers)
    if json:
        show_json({"status": status, "answer": answer})
    elif status < 300:
        show_line(f"{status}: {_outcome(answer)}")
    else:
        raise RequestFailed(f"{status}: {answer.get('detail', '')} ({answer.get('code', '')})", hint=str(answer.get("remedy", "")) or None)
    raise typer.Exit(0 if status < 300 else 1)


def _secret(file: Path | None) -> bytes:
    """Return the secret as the controller reads its file: without one newline at its end."""
    if file is None:
        found = read_token(None, prompt="Secret of the webhook").encode()
    else:
        found = read_bytes(file, hint="name a file with the secret; without --secret-file it is asked for").removesuffix(b"\n")
    if not found:
        raise BadArgument("the secret is empty", hint="give what the service has too, in --secret-file or on standard input")
    return found


def _outcome(answer: JsonObject) -> str:
    if not answer:
        return "accepted"
    return became(Accepted.model_validate(answer))


def _triggers(hook: Webhook) -> list[str]:
    return list(dict.fromkeys(hook.triggers.values()))


def _described(hook: Webhook) -> JsonObject:
    return {
        "name": hook.name,
        "path": hook.path,
        "address": f"/hooks/{hook.name}",
        "verify": hook.document.verify,
        "secrets": list(hook.secrets),
        "triggers": list(_triggers(hook)),
    }
