"""What it does, in a minute: a demo cluster, and the lines that one would type in a notebook.

``make demo`` runs it. The lines run in a real IPython; the exit status is 1 if one goes otherwise than it should.
"""

from __future__ import annotations

import sys

import IPython
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

CELLS = """\
%load_ext kubeaccess_magic
---
# No cluster at hand? One starts beside this process.
%kproxy demo
---
# Where am I, and what is built in? (what kubectl cluster-info prints, and how to ask it)
%kproxy
---
# Every service, one row a port, with the text to type
services = %kproxy services -A
services[["target", "app", "port", "ready", "endpoints"]]
---
# The documentation page's first example, as a DataFrame
hits = %kproxy kube-system/elasticsearch-logging _search?q=user:kimchy
hits.iloc[:5, 3:7]
---
# Its second one
health = %kproxy kube-system/elasticsearch-logging _cluster/health?pretty=true
health.T
---
%%kproxy kube-system/elasticsearch-logging _search --limit 100 --into found
{"query": {"term": {"user": "kimchy"}}}
---
found.groupby("level")["user"].count()
---
# The forms of a service's name, as proxy URLs
%kproxy url kube-system/elasticsearch-logging _search?q=user:kimchy
---
%kproxy url https:elasticsearch-logging: _cluster/health -n kube-system
---
# An address as it works inside the cluster
%kproxy http://prometheus.monitoring.svc:9090/api/v1/query?query=up
---
# The same in Python
%kproxy kube-system/elasticsearch-logging _search?q=user:kimchy --code
---
# A slip says what would be right!
%kproxy kube-system/elasticsearch-loging
---
%kproxy history
"""


def main() -> int:
    """Run the cells; 0 if each went as it should. One whose comment ends in "!" should fail."""
    config = Config()
    config.HistoryManager.enabled = False  # nothing is written to anybody's home
    plain = "nocolor" if IPython.version_info[0] >= 9 else "NoColor"  # its name in older ones
    config.InteractiveShell.colors = "Neutral" if sys.stdout.isatty() else plain
    shell = InteractiveShell.instance(config=config)
    shell.run_cell("import pandas; pandas.set_option('display.width', 120, 'display.max_columns', 12)", silent=True)
    for cell in CELLS.split("---\n"):
        lines = cell.rstrip("\n").splitlines()
        prompt = f"In [{shell.execution_count}]: "
        print("\n" + prompt + ("\n" + " " * (len(prompt) - 5) + "...: ").join(lines), flush=True)
        result = shell.run_cell(cell, store_history=True)
        sys.stdout.flush()
        sys.stderr.flush()
        if result.success == lines[0].endswith("!"):
            print("This went otherwise than it should.", file=sys.stderr)
            return 1
    shell.run_line_magic("kproxy", "demo stop")
    print("\nThat was a demo cluster. With a cluster of your own: %load_ext kubeaccess_magic, then %kproxy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
