"""What the project tests share: the files of the tree."""
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def tree_files(root=ROOT):
    """Paths, relative to the root, of every file that is or would be committed."""
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [Path(name) for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive
        paths = [path.relative_to(root) for path in root.rglob("*")]
        paths = [path for path in paths if path.parts[0] not in ("build", ".git", ".cache")]
    return sorted({path for path in paths if (root / path).is_file()})


def cpp_files(root=ROOT):
    return [path for path in tree_files(root) if path.suffix in (".cpp", ".hpp")]
