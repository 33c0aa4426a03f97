"""The language as a table: how an expression of each kind is made of smaller ones.

Read by `generated`, which fills the holes; `@int` is a hole for an expression of kind int, `#int` names a new variable of a macro that the
holes behind it may read. `T` and `U` stand for any element kind. A line that two kinds of the table share is written at both.
"""

from collections.abc import Mapping, Sequence

#: What lists, maps and optionals hold here.
ELEMENTS = ("int", "double", "string", "bool", "bytes", "timestamp", "duration", "dyn", "null")

#: Kinds of the variables that an expression reads. JSON has no others: the rest is computed from these.
VARIABLES: Mapping[str, str] = {
    "i": "int",
    "j": "int",
    "d": "double",
    "e": "double",
    "s": "string",
    "t": "string",
    "b": "bool",
    "l": "list(int)",
    "ls": "list(string)",
    "m": "map(dyn)",
    "mi": "map(int)",
    "n": "null",
    "when": "string",
    "span": "string",
    "number": "string",
    "zone": "string",
    "pattern": "string",
    "form": "string",
    "x": "dyn",
    "y": "dyn",
}

#: Variables whose values are made for one function; elsewhere they would only be more texts.
FOR_ONE_FUNCTION = frozenset({"when", "span", "number", "zone", "pattern", "form"})

LEAVES: Mapping[str, Sequence[str]] = {
    "null": ("null",),
    "index": ("0", "1", "2", "-1", "i"),
    "key": ('"k"', '"a"', "s"),
    "getter": (
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    ),
    "part": ("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    "bool": ("true", "false"),
    "int": ("0", "1", "2", "-3", "7", "12", "0x1F", "1000000", "9223372036854775807", "-9223372036854775808"),
    "double": ("0.5", "2.0", "1e3", "0.0", "-1.5", "1e308", "123456.7", "-0.0", "1e-5", ".5"),
    "string": (
        *('""', '"a"', "'abc'", '"web_1"', r'"añ😀"', r'"\n"', r"r'a\d'", '"""q"q"""', r'"\x41\u00e9"', '" pad "', '"a,b,,c"'),
        *('"A.B"', '"ÀÉß"', '"12"', '"true"', r'"\t a\u00a0"', "'aXbXc'"),
    ),
    "bytes": ('b""', 'b"a"', "b'abc'", r'b"\xff\x00"', 'b"añ"', r"br'\d'"),
    "timestamp": (
        *('timestamp("2026-01-02T03:04:05Z")', 'timestamp("2024-02-29T23:59:59.999Z")', 'timestamp("1969-12-31T23:59:59.5+02:00")'),
        *('timestamp("0001-01-01T00:00:00Z")', 'timestamp("9999-12-31T23:59:59Z")', "timestamp(when)", "timestamp(i)", "timestamp(0)"),
        *('timestamp("2026-03-29T01:30:00-05:00")', 'timestamp("2026-07-01T12:00:00.000001Z")'),
    ),
    "duration": (
        *('duration("0s")', 'duration("1h30m")', 'duration("-1.5s")', 'duration("36h")', 'duration("1500ms")', 'duration("90m1.25s")'),
        *("duration(span)", 'duration("-25h")', 'duration("8760h")', 'duration("1us")'),
    ),
    "dyn": ("dyn(null)", "dyn(1)", "dyn([1, 2.0])", 'dyn("a")', "dyn(2.5)", 'dyn({"a": 1})', "m.k", "x.a", "x", "y"),
    "list(T)": ("[]", "[@T]", "[@T, @T]", "[@T, @T]", "[@T, @T, @T]", "[@T, @T, @T]"),
    "map(T)": ("{}", '{"k": @T}', '{"a": @T, "k": @T}', '{"a": @T, "k": @T}', '{"a": @T, "k": @T}'),
    "optional(T)": ("optional.of(@T)", "optional.of(@T)", "optional.of(@T)", "optional.none()"),
}

#: For every kind.
ANY = (
    "(@bool ? @T : @bool ? @T : @T)",
    *("(@bool ? @T : @T)", "[@T, @T, @T][@index]", "@list(T)[@index]", "@map(T)[@key]", '{"k": @T}.k', "@map(T).k"),
    *("@optional(T).orValue(@T)", "optional.of(@T).value()", "@optional(T).value()"),
)

INNER: Mapping[str, Sequence[str]] = {
    "null": (),
    "index": ("@int", "0", "1", "2"),
    "key": ("@string", '"k"', '"a"'),
    "bool": (
        *("(@bool && @bool)", "(@bool || @bool)", "(!@bool)", "(@bool && @bool || @bool)", "(@dyn && @bool)", "(@bool || @dyn)"),
        *("(@bool && @bool || @bool && !@bool)", "(@int + @int < @int * @int == @bool)", "(@int in [@int] != @bool)", "!!@bool"),
        *("(@T == @T)", "(@T != @T)", "(@list(T) == @list(T))", "(@map(T) != @map(T))", "(@optional(T) == @optional(T))"),
        *("(@int < @int)", "(@double <= @double)", "(@string > @string)", "(@bool >= @bool)", "(@bytes < @bytes)"),
        *("(@timestamp < @timestamp)", "(@timestamp >= @timestamp)", "(@duration <= @duration)", "(@dyn < @dyn)", "(@dyn >= @dyn)"),
        *("(@dyn < @int)", "(@double > @dyn)", "(@dyn == @int)", "(@double == @dyn)"),
        *("(@T in @list(T))", "(@dyn in @list(T))", "(@string in @map(T))", "(@dyn in @dyn)", "(@T in @dyn)"),
        *("has(@map(T).k)", "has(@dyn.a)", "has(@map(dyn).k.a)", "has(@dyn.?k.a)", "has(dyn(@optional(T)).a)"),
        *("@string.startsWith(@string)", "@string.endsWith(@string)", "@string.contains(@string)"),
        *("@string.matches(@string)", "@string.matches(pattern)", "matches(@string, pattern)", r'@string.matches("^[a-z]+_?\\d*$")'),
        *("@optional(T).hasValue()", "bool(@bool)", "bool(@string)", "bool(number)"),
        *("@list(T).all(#T, @bool)", "@list(T).exists(#T, @bool)", "@list(T).exists_one(#T, @bool)"),
        *("@map(T).all(#string, @bool)", "@map(T).exists(#string, @bool)", "@map(T).exists_one(#string, @bool)"),
        *(
            "dyn(@list(T)).all(#dyn, @bool)",
            "dyn(@map(T)).exists(#dyn, @bool)",
            "@dyn.exists_one(#dyn, @bool)",
            "@list(T).exists(#T, @dyn)",
        ),
        *("@dyn.contains(@dyn)", "@dyn.matches(@string)", "@dyn.startsWith(@string)"),
    ),
    "int": (
        *("(@int - @int - @int * @int)", "(@int % @int / @int)", "(-@int + @int)"),
        *("(@int + @int)", "(@int - @int)", "(@int * @int)", "(@int / @int)", "(@int % @int)", "(-(@int))"),
        *("size(@string)", "@string.size()", "size(@bytes)", "size(@list(T))", "@map(T).size()", "size(@dyn)", "@dyn.size()"),
        *("int(@int)", "int(@double)", "int(@string)", "int(number)", "int(@timestamp)", "int(@dyn)"),
        *(
            "@string.indexOf(@string)",
            "@string.indexOf(@string, @int)",
            "@string.lastIndexOf(@string)",
            "@string.lastIndexOf(@string, @int)",
        ),
        *("@timestamp.@getter()", "@timestamp.@getter(zone)", '@timestamp.@getter("Europe/Berlin")', "@duration.@part()"),
        "size(@map(T).map(#string, @U))",
        "size(@map(T).filter(#string, @bool))",
    ),
    "double": (
        *("(@double + @double)", "(@double - @double)", "(@double * @double)", "(@double / @double)", "(-(@double))"),
        *("double(@int)", "double(@double)", "double(@string)", "double(number)", "double(@dyn)"),
    ),
    "string": (
        *("(@string + @string)", "string(@int)", "string(@double)", "string(@bool)", "string(@string)", "string(@bytes)"),
        *("string(@timestamp)", "string(@duration)", "string(@dyn)"),
        *(
            "@string.lowerAscii()",
            "@string.upperAscii()",
            "@string.trim()",
            "@string.reverse()",
            "@string.charAt(@int)",
            "@string.charAt(@index)",
        ),
        *("@string.substring(@index)", "@string.substring(@index, @index)", "@string.replace(@string, @string)"),
        *("@string.replace(@string, @string, @index)", "@list(string).join()", "@list(string).join(@string)", "@dyn.trim()"),
        *("form.format(@list(dyn))", '"%s|%s".format([@T, @U])', '"%d %x".format([@int, @int])', '"%.2f %e".format([@double, @double])'),
        *('"%X %x %x".format([@int, @string, @bytes])', '"%b %o %b".format([@int, @int, @bool])', '"%s".format([@list(T)])'),
        *('"%s".format([@map(T)])', '"%d %f %s".format([@dyn, @dyn, @dyn])'),
    ),
    "bytes": ("(@bytes + @bytes)", "bytes(@string)", "bytes(@bytes)"),
    "timestamp": (
        *("(@timestamp + @duration)", "(@duration + @timestamp)", "(@timestamp - @duration)"),
        *("timestamp(string(@timestamp))", "timestamp(@int)", "timestamp(@timestamp)", "timestamp(when)"),
    ),
    "duration": (
        *("(@duration + @duration)", "(@duration - @duration)", "(@timestamp - @timestamp)"),
        *("duration(string(@duration))", "duration(@duration)", "duration(span)"),
    ),
    "dyn": (
        *("dyn(@T)", "dyn(@list(T))", "dyn(@map(T))", "dyn(@optional(T))", "@map(dyn).zz", '@dyn["a"]', "@dyn[@dyn]", "@dyn.k"),
        #: CEL's checker takes the result of two dyn, where all overloads are of one type, for that type.
        *("dyn(@dyn + @dyn)", "dyn(@dyn - @dyn)", "dyn(@dyn * @dyn)", "dyn(@dyn / @int)", "dyn(@dyn % @dyn)", "dyn(-(@dyn))"),
        *("@dyn.?a.orValue(@dyn)", "@dyn[?@index].orValue(@dyn)", "@dyn.?k.?a.orValue(@dyn)"),
    ),
    "list(T)": (
        *("(@list(T) + @list(T))", "[@T, @T]", "@list(T).filter(#T, @bool)", "@list(U).map(#U, @T)", "@list(U).map(#U, @bool, @T)"),
        "@optional(list(T)).orValue(@list(T))",
    ),
    "list(string)": ("@string.split(@string)", "@string.split(@string, @index)", '@string.split(",")'),
    "list(dyn)": ("dyn(@list(T)).map(#dyn, @dyn)", "@dyn.filter(#dyn, @bool)", "[dyn(@T), @U]", "[@int, @string, @double]"),
    "map(T)": ('{"k": @T, "zz": @T}', "{@key: @T}", '{@key: @T, "zz": @T}'),
    "map(dyn)": ('{"a": dyn(@T), "k": @U}', '{"a": @int, "k": @string}', '{"a": @map(int), "zz": @T}'),
    "optional(T)": (
        *(
            "optional.of(@T)",
            "optional.ofNonZeroValue(@T)",
            "@optional(T).or(@optional(T))",
            "@map(T).?k",
            "@map(T)[?@key]",
            "@list(T)[?@index]",
        ),
        *(
            "@optional(map(T)).?k",
            "@optional(map(T)).k",
            "@optional(list(T))[@index]",
            "@optional(U).optMap(#U, @T)",
            "@optional(U).optFlatMap(#U, @optional(T))",
        ),
    ),
    "optional(dyn)": (
        "@dyn.?a",
        "@dyn.?k.?a",
        "@dyn.?k[?@index]",
        "@dyn.?k.a",
        "@dyn.?k[@index]",
        "optional.of(@dyn).a",
        "@optional(dyn)[?@key]",
    ),
}
