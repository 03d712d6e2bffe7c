"""Certificates that no authority has signed, for servers of tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the certificate of the test server"
)


def self_signed(folder: Path, owner: str, *names: str) -> tuple[Path, Path]:
    """Make a certificate for names as ``DNS:localhost`` or ``IP:127.0.0.1``; return its file and that of its key."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    subject = ["-subj", f"/CN={owner}", "-addext", f"subjectAltName={','.join(names)}", "-days", "2"]
    keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key)]
    subprocess.run(["openssl", "req", "-x509", *keys, *subject, "-out", str(chain)], check=True, capture_output=True)
    return chain, key
