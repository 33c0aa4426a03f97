from pathlib import Path

import pytest

from attune_agent.packs.known_packs import find_pack
from attune_agent.packs.packs import Packs
from attune_agent.preparation_errors import PackNotFound
from tests.agent.packs.test_packs import ARCHIVE, DIGEST, Source


async def test_a_pack_is_found_by_its_folder_or_by_its_name_once_it_was_fetched(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    packs.mkdir()
    copy = await Packs(packs, download=Source(ARCHIVE).download).fetch(DIGEST)
    assert find_pack(str(copy.root), packs).document == copy.document
    assert find_pack(copy.document.name, packs).root == copy.root
    (packs / "0123456789abcdef/plain").mkdir(parents=True)
    assert find_pack(copy.document.name, packs).root == copy.root, "half a copy is passed over"


@pytest.mark.parametrize("named", ["unheard_of", "../packs", "", "a\x1b[31m", "nowhere/web"])
def test_what_is_no_pack_is_said(tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PackNotFound):
        find_pack(named, tmp_path)
