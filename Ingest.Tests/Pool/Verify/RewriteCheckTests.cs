using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Verify;
using Ingest.Tests.Pool.Sealing;

namespace Ingest.Tests.Pool.Verify;

/// <summary>Entries that rewrite files wrongly, and files that a glob should not show, are found.</summary>
public sealed class RewriteCheckTests
{
    [Theory]
    [InlineData("lose rows")]
    [InlineData("change a sum")]
    [InlineData("move rows to another partition")]
    [InlineData("move an offset")]
    [InlineData("prove nothing")]
    [InlineData("remove what is not there")]
    [InlineData("leave a copy in the partition folders")]
    public async Task Harm_is_found(string harm)
    {
        using var table = new SealedTable();
        for (var i = 0; i < 3; i++) await table.CommitAsync(4);
        await table.SealAsync();
        await table.AssertRightAsync();
        var version = (await table.Table.RefreshAsync(default)).Version;
        var actions = (await LogReader.ReadEntryAsync(table.Store, version, default))!.Actions.ToList();
        var add = actions.OfType<LogAction.Add>().Single();
        switch (harm)
        {
            case "lose rows": Replace(add, add with { Stats = add.Stats!.Replace("\"numRecords\":12", "\"numRecords\":11", StringComparison.Ordinal) }); break;
            case "change a sum": Replace(add, add with { Tags = add.Tags.SetItem(LogAction.KeySumTag, new string('1', 32)) }); break;
            case "move rows to another partition": Replace(add, add with { PartitionValues = add.PartitionValues.SetItem("event_date", "1999-01-01") }); break;
            case "move an offset": actions.Add(new LogAction.Txn("test/0", 99, 1)); break;
            case "prove nothing":
                var info = actions.OfType<LogAction.Info>().Single();
                Replace(info, new LogAction.Info(info.Content with { Conservation = null }));
                break;
            case "remove what is not there": actions.Add(new LogAction.Remove("recent/none.parquet", 1, false, add.PartitionValues, 1)); break;
            default:
                var folder = add.Path[..(add.Path.LastIndexOf('/') + 1)];
                await table.Store.CreateAsync(folder + "sealed-0000000099-copy.zstd.parquet", await table.Store.ReadAsync(add.Path, default), default);
                break;
        }

        await table.Store.ReplaceAsync(LogNames.Entry(version), LogJson.Write(actions), default);
        var snapshot = (await LogReader.LoadAsync(table.Store, default))!;
        Assert.Contains(await TableVerifier.RunAsync(table.Store, snapshot, table.Time, default), f => f.IsError && f.Check == CheckList.Sealing);

        void Replace(LogAction old, LogAction changed) => actions[actions.IndexOf(old)] = changed;
    }
}
