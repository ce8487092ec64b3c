"""What a pickle that is written down calls when it is loaded, as Python text; nothing of it is loaded."""

from __future__ import annotations

_MOST = 2000  # opcodes of one pickle


def called(data: object) -> list[str]:
    """Return the calls in a pickle: each global it names, with the texts that follow."""
    import pickletools

    if not isinstance(data, bytes):
        return []
    found: list[tuple[str, list[str]]] = []
    texts: list[str] = []
    try:
        for at, (opcode, value, _) in enumerate(pickletools.genops(data)):
            if at > _MOST:
                break
            if opcode.name in ("GLOBAL", "INST") and isinstance(value, str):
                found.append((value.replace(" ", "."), []))
            elif opcode.name == "STACK_GLOBAL":
                found.append((".".join(texts[-2:]), []))
            elif isinstance(value, str) and not opcode.name.startswith(("PUT", "GET")):
                texts.append(value)
                if found:
                    found[-1][1].append(value)
    except ValueError:  # no pickle, or one that ends too early
        pass
    return [_call(name, given) for name, given in found]


def _call(name: str, given: list[str]) -> str:
    module = name.rpartition(".")[0]
    plain = all(part.isidentifier() for part in name.split("."))
    return f"import {module}\n{name}({', '.join(map(repr, given))})" if module and plain else ""
