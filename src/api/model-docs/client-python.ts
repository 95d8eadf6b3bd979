/** One self-contained Python file for one model: typed rows and answers, the standard library and nothing else. */
import type { ClientOptions } from './client-typescript.ts';
import { fieldOf } from './fields.ts';
import type { Field } from './fields.ts';
import type { DocumentedModel } from './openapi.ts';

const BASE: Readonly<Record<Field['kind'], string>> = {
  number: 'Optional[float]',
  integer: 'int',
  boolean: 'bool',
  text: 'str',
};

const typeOf = (field: Field): string => field.size.reduce((inner) => `Sequence[${inner}]`, BASE[field.kind]);

/** A name as Python text. JSON's form is one of Python's; a lone surrogate stays escaped. */
const quoted = (text: string): string => JSON.stringify(text);

const members = (fields: readonly Field[]): string =>
  fields.length === 0
    ? '{}'
    : `{\n${fields.map((field) => `        ${quoted(field.name)}: ${typeOf(field)},`).join('\n')}\n    }`;

const typed = (name: string, fields: readonly Field[], total: boolean): string =>
  `${name} = TypedDict(\n    "${name}",\n    ${members(fields)},${total ? '' : '\n    total=False,'}\n)`;

const RUNTIME = `

@dataclass(frozen=True)
class Predicted:
    prediction: Prediction
    #: Of this row; outcomes are reported under it.
    id: str
    version: str


class ModelError(Exception):
    """\`status\` is HTTP's, 0 when no answer came; \`code\` is MW-TENSOR, MW-OVERLOADED, …"""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        found = re.search(r"\\bMW-[A-Z-]+", message)
        self.code: str = found.group(0) if found else ""


_AGAIN = {429, 502, 503, 504}


def _wait(retry_after: Optional[str], attempt: int) -> float:
    """Seconds: Retry-After (seconds or a date), else doubling from 0.1; at most 30."""
    seconds: float = 0.1 * 2.0**attempt * (0.5 + random.random())
    if retry_after is not None:
        if retry_after.isdigit():
            seconds = float(retry_after)
        else:
            try:
                seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
            except (TypeError, ValueError):
                pass
    return min(max(seconds, 0.0), 30.0)


def _text(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, dict):
        for value in found.values():
            if isinstance(value, str) and "MW-" in value:
                return value
        if "message" in found:
            return str(found["message"])
    return text


class Client:
    """\`timeout\` in seconds is of one attempt; \`retries\` come after 429, 502, 503, 504 or a broken connection."""

    def __init__(
        self,
        base_url: str = BASE_URL,
        token: Optional[str] = None,
        timeout: float = 30.0,
        retries: int = 3,
        batch_rows: int = 1000,
        control_url: Optional[str] = CONTROL_URL,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._control = control_url.rstrip("/") if control_url else None
        self._timeout = timeout
        self._retries = retries
        self._batch_rows = max(1, batch_rows)
        self._headers: Dict[str, str] = {"content-type": "application/json"}
        if token is not None:
            self._headers["authorization"] = "Bearer " + token

    def predict(self, rows: Sequence[Row]) -> List[Predicted]:
        """Answers in the order of the rows."""
        done: List[Predicted] = []
        for start in range(0, len(rows), self._batch_rows):
            done.extend(self._batch(rows[start : start + self._batch_rows]))
        return done

    def predict_one(self, row: Row) -> Predicted:
        return self.predict([row])[0]

    def report_outcome(self, prediction_id: str, name: str, value: float, at: Optional[datetime] = None) -> None:
        """What became of a prediction, under the id that came with it."""
        if self._control is None:
            raise ModelError(0, "report_outcome needs control_url: the address of the control plane")
        outcome: Dict[str, Any] = {"prediction_id": prediction_id, "name": name, "value": value}
        if at is not None:
            outcome["time"] = int(at.timestamp() * 1000)
        self._post(self._control + "/api/v1/endpoints/" + quote(ENDPOINT, safe="") + "/outcomes", {"outcomes": [outcome]})

    def _batch(self, rows: Sequence[Row]) -> List[Predicted]:
        plain = [cast(Dict[str, Any], row) for row in rows]
        inputs = {name: [row.get(name) for row in plain] for name in COLUMNS if any(name in row for row in plain)}
        body, headers = self._post(self._base + "/endpoints/" + quote(ENDPOINT, safe="") + "/invocations", {"inputs": inputs})
        prediction_id = str(headers.get("mw-prediction-id", ""))
        version = str(headers.get("mw-model-version", ""))
        return [
            Predicted(prediction, prediction_id + "/" + str(row), version)
            for row, prediction in enumerate(json.loads(body)["predictions"])
        ]

    def _post(self, url: str, body: Any) -> Tuple[bytes, Mapping[str, str]]:
        # JSON has no NaN: a missing number is null.
        data = json.dumps(_finite(body), allow_nan=False).encode("utf-8")
        attempt = 0
        while True:
            retry_after: Optional[str] = None
            try:
                request = Request(url, data=data, headers=self._headers, method="POST")
                with urlopen(request, timeout=self._timeout) as answer:
                    return answer.read(), answer.headers
            except HTTPError as error:
                with error:
                    failure = ModelError(error.code, _text(error.read()))
                    retry_after = error.headers.get("retry-after")
                if error.code not in _AGAIN:
                    raise failure from None
            except (URLError, OSError) as error:
                failure = ModelError(0, str(error))
            if attempt >= self._retries:
                raise failure
            time.sleep(_wait(retry_after, attempt))
            attempt += 1


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value
`;

/** Python 3.9 or newer; a type checker accepts it in strict mode. */
export function pythonClient(model: DocumentedModel, options: ClientOptions): string {
  const inputs = model.signature.inputs.map(fieldOf);
  const outputs = model.signature.outputs.map(fieldOf);
  const [only] = outputs;
  const needed = inputs.filter((field) => !field.optional);
  const optional = inputs.filter((field) => field.optional);
  const row =
    optional.length === 0
      ? typed('Row', needed, true)
      : `${typed('_Needed', needed, true)}\n${typed('_Optional', optional, false)}\n\n\nclass Row(_Needed, _Optional):\n    """What the model takes."""\n`;
  const prediction =
    only !== undefined && outputs.length === 1 ? `Prediction = ${typeOf(only)}` : typed('Prediction', outputs, true);
  return `"""Client of a model served by Millwright, made from the signature of version ${model.version}. Make it anew rather than edit it."""

import json
import math
import random
import re
import time
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, TypedDict, cast
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

ENDPOINT = ${quoted(model.name)}
BASE_URL = ${quoted(options.baseUrl)}
CONTROL_URL: Optional[str] = ${options.controlUrl === undefined ? 'None' : quoted(options.controlUrl)}

#: What the model takes; a missing number is None.
${row}
#: What one row is answered with.
${prediction}
COLUMNS: List[str] = [${inputs.map((field) => quoted(field.name)).join(', ')}]
${RUNTIME}`;
}
