"""The tables of what a deployment has besides tasks and workers, and how a test fills them."""

from typing import Any
from uuid import UUID

from fake_api.assets import Assets
from fake_api.catalogue import Asset, AssetEvent, Callback, ConnectionTest, Dag
from fake_api.dag_runs import DagRuns
from fake_api.rows import AssetKey, Connection, DagRun, TaskKey, Variable
from fake_api.stores import Store

ContentRow = DagRun | Asset | AssetEvent | Callback | ConnectionTest | Connection


class Content:
    """Dags, runs, assets, variables, connections and stores. Nothing is in them until somebody puts it there."""

    def __init__(self) -> None:
        self.dags: dict[str, Dag] = {}
        self.callbacks: dict[UUID, Callback] = {}
        self.dag_runs = DagRuns()
        self.assets = Assets()
        self.variables: dict[str, Variable] = {}
        self.connections: dict[str, Connection] = {}
        self.connection_tests: dict[UUID, ConnectionTest] = {}
        self.task_store: Store[TaskKey] = Store()
        self.asset_store: Store[AssetKey] = Store()

    def add_dag(self, dag_id: str, **values: Any) -> Dag:
        """Store a Dag, in place of an earlier one; `values` are the other fields of the row."""
        dag = Dag(dag_id=dag_id, **values)
        self.dags[dag_id] = dag
        return dag

    def add_asset(
        self, name: str, uri: str | None = None, *, aliases: tuple[str, ...] = (), **values: Any
    ) -> Asset:
        """Store an asset, whose URI is its name if none is given, and link these aliases with it."""
        asset = Asset(name=name, uri=name if uri is None else uri, **values)
        self.assets.put(asset)
        for alias in aliases:
            self.assets.link(alias, asset.key)
        return asset

    def add_connection_test(self, test_id: UUID, connection: Connection, **values: Any) -> ConnectionTest:
        """Store a request to test a connection; a worker calls with a workload token minted for `test_id`."""
        test = ConnectionTest(id=test_id, connection=connection, **values)
        self.connection_tests[test_id] = test
        return test

    def put(self, row: ContentRow) -> None:
        """Store what a transition decided."""
        match row:
            case DagRun():
                self.dag_runs.put(row)
            case Asset():
                self.assets.put(row)
            case AssetEvent():
                self.assets.add_event(row)
            case Callback():
                self.callbacks[row.id] = row
            case ConnectionTest():
                self.connection_tests[row.id] = row
            case Connection():
                self.connections[row.conn_id] = row
