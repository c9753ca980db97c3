using System.CommandLine;

namespace Ingest.Worker.Commands;

/// <summary><c>pool</c>: looks at the tables. <c>accept-gap</c>, <c>accept-topic</c>, <c>reindex</c>, <c>compact</c> and <c>vacuum</c> write to them, by the same rules as a worker.</summary>
internal static class PoolCommand
{
    public static Command Create() => new("pool", "Look at the pool: what is there, whether it is right, and what it says; seal and clean it.")
    {
        PoolStatsCommand.Create(),
        PoolLedgerCommand.Create(),
        PoolVerifyCommand.Create(),
        PoolSqlCommand.Create(),
        PoolAcceptGapCommand.Create(),
        PoolAcceptTopicCommand.Create(),
        PoolCompactCommand.Create(),
        PoolVacuumCommand.Create(),
        PoolReindexCommand.Create(),
    };
}
