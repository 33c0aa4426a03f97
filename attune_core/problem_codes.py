"""The table of Problem codes: what each means, why it is one, and what to do; docs/errors.md is made from it.

Read by documents and tests; `attune_core.catalog` uses the codes, the expression checker brings its own. A code never changes its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.expressions.finding import FINDING_CODES
from attune_core.problems import Severity


@dataclass(frozen=True)
class ProblemCode:
    """One row; `severity` is the highest that its Problems have."""

    title: str
    cause: str
    remedy: str
    severity: Severity = Severity.ERROR


_REPOSITORY = {
    "ATT100": ProblemCode(
        "not a pack repository",
        "There is no `attune.yaml` at the root.",
        "Give the right folder, or start a repository with `attune init`.",
    ),
    "ATT101": ProblemCode(
        "not UTF-8",
        "A document is in another encoding, or starts with a byte order mark.",
        "Save it as UTF-8 without a byte order mark.",
    ),
    "ATT102": ProblemCode(
        "hidden character",
        "A control, zero-width or direction character stands in a document; reviewers would not see what is merged.",
        "Remove the character at the marked place.",
    ),
    "ATT103": ProblemCode("document too large", "A document has more than 1 MiB.", "Split it, or keep data in a file of the pack."),
    "ATT104": ProblemCode("nested too deeply", "Lists and mappings are nested deeper than 50.", "Flatten the document."),
    "ATT105": ProblemCode("too many values", "A document has more than 100,000 keys and values.", "Split it."),
    "ATT106": ProblemCode(
        "not YAML", "The document breaks YAML's grammar at the marked place.", "Correct it; quoting the text often helps."
    ),
    "ATT107": ProblemCode("duplicate key", "A key stands twice in one mapping; most readers silently keep the last.", "Keep one."),
    "ATT108": ProblemCode(
        "anchor, alias or merge key",
        "`&name`, `*name` and `<<` make a document depend on itself, and a few lines of them unfold to gigabytes.",
        "Write the values out; a text that starts with `&` or `*` has to be quoted.",
    ),
    "ATT109": ProblemCode(
        "tag or directive", "`!tag` and `%` lines change what YAML means.", "Remove them; a text that starts with `!` has to be quoted."
    ),
    "ATT110": ProblemCode("second document", "`---` starts a second document in the file.", "Keep one document a file."),
    "ATT111": ProblemCode("empty document", "There is nothing in the file but comments.", "Declare something, or remove the file."),
    "ATT112": ProblemCode(
        "ambiguous value",
        "Versions of YAML, or people, read the value differently: `1.10`, `0777`, `12:30:45`, `True`, `~`.",
        "Quote it if it is text; else write the plain JSON form.",
    ),
    "ATT113": ProblemCode(
        "key is not text", "A list or mapping stands where a key must be, often because of `{{`.", "Quote the expression, or name the key."
    ),
    "ATT114": ProblemCode("tab", "A tab stands where YAML takes only spaces.", "Indent with spaces."),
    "ATT115": ProblemCode(
        "unquoted expression",
        "An expression holds characters that mean something to YAML: `a ? b : c`, a leading quote, `: ` or `{`.",
        "Put the expression between single quotes.",
    ),
    "ATT116": ProblemCode(
        "number out of range", "An integer is outside int64, or a number is not finite as a double.", "Quote it if it is text."
    ),
    "ATT117": ProblemCode(
        "more than is shown",
        "A file has more than 100 errors, or more than 100 warnings; the first are shown. With more than 1,000 it is of another kind.",
        "Correct those that are shown; the others are said then.",
    ),
}
_MODELS = {
    "ATT120": ProblemCode("unknown key", "The document has a key that its kind does not have.", "Correct or remove the key."),
    "ATT121": ProblemCode("wrong value", "A value has another type or form than its key takes.", "Write what the message expects."),
    "ATT122": ProblemCode("missing key", "A key that the document must have is not there.", "Add it."),
    "ATT123": ProblemCode(
        "not acted on by this version",
        "The key, value or folder is part of the design, and this version does nothing with it; ignoring it would be a lie.",
        "Remove it until you run a version that acts on it.",
    ),
    "ATT124": ProblemCode(
        "made for another version",
        "The repository's `attune:` range excludes this version.",
        "Use a version inside it, or widen the range.",
    ),
    "ATT125": ProblemCode(
        "unknown format", "The repository's `format` is not the one this version reads.", "Use the fitting version of Attune."
    ),
    "ATT126": ProblemCode(
        "sources lead nowhere",
        "A pattern of `sources` matches no file of the pack, or one outside the folder of the environment's lock file.",
        "Correct the pattern; it starts at the pack's root.",
    ),
    "ATT127": ProblemCode(
        "source is not read",
        "`sources` name a file that the ecosystem's build would pass over, so what it says would have no effect.",
        "Take the file out of the patterns, or out of the pack.",
    ),
    "ATT130": ProblemCode(
        "not a JSON Schema",
        "A schema cannot be compiled: a keyword has a wrong value, a pattern needs back-tracking, a format is unknown.",
        "Correct the keyword at the marked place.",
    ),
    "ATT131": ProblemCode("unknown keyword", "A schema has a keyword that JSON Schema 2020-12 does not have.", "Correct the keyword."),
    "ATT132": ProblemCode("event data is an object", "A trigger's schema does not say `type: object`.", "Write `type: object`."),
    "ATT133": ProblemCode(
        "reference leads nowhere", "A `$ref` names a file, an address, or a definition that is not there.", "Put the schema under `$defs`."
    ),
    "ATT134": ProblemCode("schema unfolds too far", "References double one another until one check would take for ever.", "Nest fewer."),
    "ATT135": ProblemCode(
        "required but not declared", "`required` names a property that is not beside it.", "Correct one of both.", Severity.WARNING
    ),
    "ATT136": ProblemCode(
        "two values, one variable",
        "With `input: {format: dotenv}` two values of the input, or of a sensor's configuration, become a variable of the same name.",
        "Rename one of the parameters or keys.",
    ),
    "ATT138": ProblemCode(
        "secret mark that hides nothing",
        "`secret: true` in a result's schema stands elsewhere than on a property, or the result is printed on stdout, which is a log.",
        "Mark a property, and take the result `from: file`.",
    ),
    "ATT139": ProblemCode(
        "variable with a meaning",
        "With `input: {format: dotenv}` a parameter becomes a variable that shells, the loader or the contract obey, or that `env` sets.",
        "Choose another name.",
    ),
}
_STRUCTURE = {
    "ATT140": ProblemCode(
        "bad name", "A file or folder that names something is not of the form `[a-z][a-z0-9_]{0,62}`.", "Rename the file or folder."
    ),
    "ATT141": ProblemCode("wrong suffix", "A document ends in `.yml`.", "Rename it to `.yaml`."),
    "ATT142": ProblemCode("pack without document", "A folder in `packs/` has no `pack.yaml`.", "Add one."),
    "ATT143": ProblemCode("pack name differs", "The `name` in `pack.yaml` is not the folder's.", "Make them equal."),
    "ATT144": ProblemCode(
        "not read", "A document stands where none is looked for.", "Move it; the hint names the folder.", Severity.WARNING
    ),
    "ATT145": ProblemCode("reserved name", "A pack has a name that Attune uses itself.", "Give it another name."),
    "ATT146": ProblemCode(
        "rule test of nothing", "A rule test names a rule or an action that does not exist.", "Correct the name, or remove the expectation."
    ),
    "ATT147": ProblemCode(
        "given event does not fit",
        "An event of a rule test could never happen: its data do not fit its trigger's schema.",
        "Correct the data at the marked place.",
    ),
    "ATT148": ProblemCode(
        "policy that does nothing",
        "`retry.place: tail` says where a second attempt stands, and `maximum_attempts` lets there be none.",
        "Set `maximum_attempts` to more than 1, or leave `place` out.",
        Severity.WARNING,
    ),
    "ATT150": ProblemCode(
        "no such trigger",
        "A rule, webhook, sensor or rule test, or `emits`, names a trigger that is not declared.",
        "Correct it, or declare the trigger.",
    ),
    "ATT151": ProblemCode(
        "no such action", "A rule names an action that does not exist, perhaps no longer.", "Correct it, or remove the rule."
    ),
    "ATT152": ProblemCode(
        "no such environment", "An action or a sensor names an environment that its pack does not declare.", "Declare it in pack.yaml."
    ),
    "ATT153": ProblemCode("required parameter missing", "A rule does not give what its action requires.", "Add it under `input`."),
    "ATT154": ProblemCode(
        "unknown parameter",
        "A rule gives, or a rule test expects, something that the action does not take.",
        "Correct the name, or remove it.",
    ),
    "ATT155": ProblemCode("value does not fit", "A literal value or default breaks its parameter's schema.", "Write a fitting value."),
    "ATT156": ProblemCode(
        "secret and plain mixed",
        "A parameter declared secret takes only `${{ secrets.NAME }}`, has no default and is text.",
        "Give it a secret, or do not declare it secret.",
    ),
    "ATT157": ProblemCode("condition in braces", "`when` is an expression already.", "Write it without `${{ }}`."),
    "ATT158": ProblemCode(
        "trigger of a webhook is open", "Its template has several expressions, so `allow` cannot list what it may become.", "Write one."
    ),
    "ATT159": ProblemCode(
        "reserved variable", "`env` sets a variable that the contract with actions gives, or that the loader obeys.", "Choose another name."
    ),
    "ATT160": ProblemCode(
        "rules cause one another",
        "What actions complete or emit leads back to where it started; without a condition or a throttle on the way it never ends.",
        "Add a condition that ends it, or a throttle. With one of them it is a warning; at run time a chain of 16 is cut.",
    ),
}
_FILES = {
    "ATT161": ProblemCode("program missing", "`run` names a file that is not in the pack.", "Correct the path, or add the file."),
    "ATT162": ProblemCode("program not executable", "`run` starts a file that has no executable bit.", "chmod +x it and commit that."),
    "ATT163": ProblemCode("path leaves the pack", "A path is absolute or climbs out with `..`.", "Name a file of the pack."),
    "ATT164": ProblemCode("lock file missing", "An environment's `lock` is not in the pack.", "Make it with the ecosystem's locker."),
    "ATT165": ProblemCode(
        "lock file leaves something open",
        "Something in it, or in the manifest beside it, has no exact version or no hash, or does not come from a registry, "
        "or it cannot be read; agents refuse to build the environment.",
        "Make it again with hashes.",
    ),
    "ATT166": ProblemCode("manifest missing", "A node environment has no `package.json` beside its lock file.", "Commit it as well."),
    "ATT167": ProblemCode(
        "pack has its own node_modules",
        "A pack with a node environment has a `node_modules` at its root, where agents link the installed packages.",
        "Remove it from the repository; the lock file says what agents install.",
    ),
    "ATT168": ProblemCode(
        "expression in argv",
        "A word of `run` holds `${{ }}`; argv takes no expressions, because every user of the host can read it.",
        "Declare a parameter; the program reads its value from the input document.",
    ),
    "ATT169": ProblemCode(
        "environment cannot be built",
        "`attune validate --environments` tried to build an environment on this machine, and its ecosystem's installer could not.",
        "Read the end of the build log above; look at the lock file, the host's toolchain and its way to the registry.",
        Severity.WARNING,
    ),
    "ATT170": ProblemCode("symbolic link", "A link could lead out of the repository.", "Put a copy in its place."),
    "ATT171": ProblemCode("submodule", "A revision would depend on another repository.", "Put the files themselves in."),
    "ATT172": ProblemCode(
        "odd file name", "A name has hidden characters, a backslash, a leading `-`, another Unicode form or too many bytes.", "Rename it."
    ),
    "ATT173": ProblemCode("colliding names", "Two paths differ only in case, or one is file and folder.", "Rename one."),
    "ATT174": ProblemCode("too many files", "The repository has more than 20,000 files.", "Keep generated files out of it."),
    "ATT175": ProblemCode(
        "too large", "The repository has more than 512 MiB, or a file more than 64 MiB.", "Keep it elsewhere and fetch it."
    ),
    "ATT176": ProblemCode("special file", "Something is neither a file nor a folder.", "Remove it."),
    "ATT187": ProblemCode(
        "version not raised",
        "A pack's content differs from the base's (`attune validate --base`), and its `version` is not greater.",
        "Raise `version` in pack.yaml; people and logs tell packs apart by it.",
        Severity.WARNING,
    ),
}
_WHOLE = {
    "ATT188": ProblemCode(
        "suppression that does nothing",
        "A comment `# attune: ignore CODE` gives no reason, names something else than a code, or there is no such warning at its place.",
        "Write `# attune: ignore ATT182 -- reason` on the line or on the line above it; an error is never suppressed.",
        Severity.WARNING,
    ),
    "ATT189": ProblemCode(
        "program without a path",
        "The first word of `run` names a file beside the action; without a path it means a program of the environment or the host.",
        "Write `./` before it, if the pack's file is meant.",
        Severity.WARNING,
    ),
    "ATT180": ProblemCode(
        "condition never holds",
        "A clause of the condition is false whatever the event is, so the rule never fires.",
        "Remove the clause, or switch the rule off with `enabled: false`.",
        Severity.WARNING,
    ),
    "ATT181": ProblemCode(
        "duplicate rule",
        "Two rules have the same trigger, condition, action, input, agents and throttle, so the action runs twice for each event.",
        "Remove one of them.",
        Severity.WARNING,
    ),
    "ATT182": ProblemCode(
        "unused action", "No rule uses the action; people may still run it by hand.", "Give it a rule, or remove it.", Severity.INFORMATION
    ),
    "ATT183": ProblemCode(
        "unused trigger", "No rule, webhook or `emits` names the trigger.", "Give it a rule, or remove it.", Severity.INFORMATION
    ),
    "ATT184": ProblemCode(
        "credential in the open",
        "A text parameter, or one in a sensor's configuration, is called like a credential and is no secret, so it is stored and shown.",
        "Add `secret: true` to the parameter, give the configuration `${{ secrets.NAME }}`, or call it something else.",
        Severity.WARNING,
    ),
    "ATT185": ProblemCode(
        "lock file older than its manifest",
        "The manifest beside a lock file asks for something that the lock file does not have, or has in another version.",
        "Make the lock file again and commit both.",
    ),
    "ATT186": ProblemCode(
        "sender chooses the host",
        "Every label of the selector comes from the event, so whoever can send an event chooses where the action runs.",
        "Add a label with a literal value.",
        Severity.WARNING,
    ),
    "ATT225": ProblemCode(
        "keys that never meet",
        "A rule waits for an event with the same key, and an event of that trigger has no such key, or one of another type.",
        "Say in `throttle.absence.of_key` what the key of the other event is.",
    ),
    "ATT226": ProblemCode(
        "more events than are kept",
        "A rule that uses `events` waits for more than 100 of them, and `events` has the newest 100; the others are only counted.",
        "Ask for 100 at most in `throttle.accumulate`, or let the action do without the older ones.",
        Severity.WARNING,
    ),
}
_SENSORS = {
    "ATT194": ProblemCode(
        "keys that do not go together",
        "A sensor has a key that does nothing with its `mode` or its `run_on`, has `mode: poll` without `every`, or a `failover` below 2m.",
        "Add, correct or remove the key that the message names.",
    ),
    "ATT195": ProblemCode(
        "event that only Attune makes",
        "`emits` or a webhook names an event of the controller itself, `core.…` or a completion, which nobody else can send.",
        "Declare a trigger in a pack, and name that.",
    ),
    "ATT196": ProblemCode(
        "expression where nothing is computed",
        "A sensor's configuration or label holds `${{ }}`; a sensor starts before there is an event to compute with.",
        "Write the value; a secret is exactly `${{ secrets.NAME }}` as the whole value of a key of `config`.",
    ),
    "ATT197": ProblemCode(
        "unused sensor",
        "No enabled rule uses a trigger that the sensor emits, and it is not `always: true`, so it is never started.",
        "Give one of its triggers a rule, write `always: true`, or remove it.",
        Severity.INFORMATION,
    ),
    "ATT198": ProblemCode(
        "sensor called like an action",
        "An action and a sensor of one pack have the same name; what a host grants to one by its name the other would have too.",
        "Rename one of the two.",
    ),
    "ATT199": ProblemCode(
        "configuration too large",
        "A sensor's `config` has more than 16 KiB as JSON; an agent is told of all its sensors at once.",
        "Keep it in a file of the pack, and give its path.",
    ),
}
_WEBHOOKS = {
    "ATT220": ProblemCode(
        "two webhooks, one secret",
        "What a sender signs for one of them can be sent to the other, where it was never seen before.",
        "Give each webhook a secret of its own.",
        Severity.WARNING,
    ),
    "ATT221": ProblemCode(
        "webhook without verification",
        "With `verify: none` whoever reaches the address makes events.",
        "Take a scheme with a secret; else suppress the warning with the reason why nobody but the sender reaches it.",
        Severity.WARNING,
    ),
    "ATT222": ProblemCode(
        "keys of a webhook that do not go together",
        "The document lacks a key that its scheme, body or trigger needs, or has one that means nothing beside them.",
        "Do what the message says.",
    ),
    "ATT223": ProblemCode(
        "header that cannot become data",
        "A header in `headers` is a credential, or a trigger of the webhook does not declare `headers`.",
        "Remove it, or declare it in the trigger.",
    ),
}
_TIMERS = {
    "ATT216": ProblemCode(
        "not a schedule",
        "A timer has none or several of `every`, `cron` and `at`, a cron expression or zone that there is not, times out of order, "
        "a key that its kind of schedule does not use, or a jitter that would let one tick overtake the next.",
        "Write what the message says; `attune timer next` shows when a timer is due.",
    ),
    "ATT217": ProblemCode(
        "trigger and timer of one name", "A timer declares the trigger of its name itself, and the pack has one.", "Rename one of them."
    ),
    "ATT218": ProblemCode(
        "never due",
        "No time fits the timer's schedule: a day that no month has, or none between `start` and `end`.",
        "Correct the schedule, or remove the timer.",
        Severity.WARNING,
    ),
    "ATT219": ProblemCode("unused timer", "No rule names the timer.", "Give it a rule, or remove it.", Severity.INFORMATION),
}
_EXPRESSIONS = {
    code.value: ProblemCode(code.name.lower().replace("_", " "), row.cause, row.remedy[:1].upper() + row.remedy[1:] + ".", row.severity)
    for code, row in FINDING_CODES.items()
}
PROBLEM_CODES: Mapping[str, ProblemCode] = {
    **_REPOSITORY,
    **_MODELS,
    **_STRUCTURE,
    **_FILES,
    **_WHOLE,
    **_SENSORS,
    **_TIMERS,
    **_WEBHOOKS,
    **_EXPRESSIONS,
}
