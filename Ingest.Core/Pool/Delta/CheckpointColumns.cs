using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Parquet;
using Parquet.Schema;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// All columns of a checkpoint, a row group at a time, from actions and to actions. A million files pass through here: columns are filled and walked, and nothing is made for a row but its action.
/// </summary>
internal sealed class CheckpointColumns
{
    private const int PortionRows = 512;

    private static readonly ImmutableSortedDictionary<string, string?> s_empty = ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal);

    private readonly IReadOnlyList<DataField> _fields;
    private readonly List<ICheckpointColumn> _all = [];
    private readonly CheckpointColumn<ReadOnlyMemory<char>> _txnAppId, _addPath, _addStats, _removePath, _id, _name, _description, _provider, _schemaString, _partitionColumns, _readerFeatures, _writerFeatures;
    private readonly CheckpointColumn<long> _txnVersion, _txnUpdated, _addSize, _addTime, _removeTime, _removeSize, _created;
    private readonly CheckpointColumn<bool> _addChange, _removeChange, _removeExtended;
    private readonly CheckpointColumn<int> _minReader, _minWriter;
    private readonly CheckpointMap _addValues, _addTags, _removeValues, _options, _configuration;

    /// <param name="fields">Columns of the file. Those that it lacks are null in all rows.</param>
    public CheckpointColumns(IReadOnlyList<DataField> fields)
    {
        _fields = fields;
        (_txnAppId, _txnVersion, _txnUpdated) = (Text("txn", "appId"), Of<long>("txn", "version"), Of<long>("txn", "lastUpdated"));
        (_addPath, _addValues, _addSize, _addTime) = (Text("add", "path"), Map("add", "partitionValues"), Of<long>("add", "size"), Of<long>("add", "modificationTime"));
        (_addChange, _addTags, _addStats) = (Of<bool>("add", "dataChange"), Map("add", "tags"), Text("add", "stats"));
        (_removePath, _removeTime, _removeChange) = (Text("remove", "path"), Of<long>("remove", "deletionTimestamp"), Of<bool>("remove", "dataChange"));
        (_removeExtended, _removeValues, _removeSize) = (Of<bool>("remove", "extendedFileMetadata"), Map("remove", "partitionValues"), Of<long>("remove", "size"));
        (_id, _name, _description) = (Text("metaData", "id"), Text("metaData", "name"), Text("metaData", "description"));
        (_provider, _options, _schemaString) = (Text("metaData", "format", "provider"), Map("metaData", "format", "options"), Text("metaData", "schemaString"));
        (_partitionColumns, _configuration, _created) = (Text("metaData", "partitionColumns"), Map("metaData", "configuration"), Of<long>("metaData", "createdTime"));
        (_minReader, _minWriter) = (Of<int>("protocol", "minReaderVersion"), Of<int>("protocol", "minWriterVersion"));
        (_readerFeatures, _writerFeatures) = (Text("protocol", "readerFeatures"), Text("protocol", "writerFeatures"));
    }

    /// <summary>Rows that were added since the last were written.</summary>
    public int Rows { get; private set; }

    /// <summary>Adds a row. Actions that a checkpoint does not keep are left out.</summary>
    public void Add(LogAction action)
    {
        switch (action)
        {
            case LogAction.Txn txn: Set(Rows++, txn); break;
            case LogAction.Add add: Set(Rows++, add); break;
            case LogAction.Remove remove: Set(Rows++, remove); break;
            case LogAction.Metadata metadata: Set(Rows++, metadata); break;
            case LogAction.Protocol protocol: Set(Rows++, protocol); break;
        }
    }

    /// <summary>Writes the rows as a row group, and forgets them.</summary>
    public async Task WriteAsync(ParquetWriter file, CancellationToken cancellation)
    {
        using var group = file.CreateRowGroup();
        foreach (var column in _all) await column.WriteAsync(group, Rows, cancellation);
        group.CompleteValidate();
        foreach (var column in _all) column.Clear();
        Rows = 0;
    }

    /// <summary>Reads a row group and shows its actions in small portions: what is made for one is gone before the next. Throws, in one of many ways, when it is damaged.</summary>
    public async IAsyncEnumerable<IReadOnlyList<LogAction>> ReadAsync(ParquetRowGroupReader group, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var column in _all) await column.ReadAsync(group, cancellation);
        var rows = checked((int)group.RowCount);
        for (var row = 0; row < rows; row += PortionRows) yield return Next(Math.Min(PortionRows, rows - row));
        foreach (var column in _all) column.Clear();
    }

    private List<LogAction> Next(int rows)
    {
        var actions = new List<LogAction>(rows);
        for (var row = 0; row < rows; row++)
        {
            // Each of them, set or not, is one row further in its columns afterwards; those that no row of the group sets are passed over.
            var txn = _txnAppId.HasValues ? NextTxn() : null;
            LogAction? add = _addPath.HasValues ? NextAdd() : null, remove = _removePath.HasValues ? NextRemove() : null;
            LogAction? metadata = _id.HasValues ? NextMetadata() : null, protocol = _minReader.HasValues || _minWriter.HasValues ? NextProtocol() : null;
            if ((txn ?? add ?? remove ?? metadata ?? protocol) is { } action) actions.Add(action);
        }

        return actions;
    }

    private void Set(int row, LogAction.Txn txn)
    {
        _txnAppId.Set(row, txn.AppId.AsMemory());
        _txnVersion.Set(row, txn.Version);
        _txnUpdated.Set(row, txn.LastUpdated);
    }

    private void Set(int row, LogAction.Add add)
    {
        _addPath.Set(row, (add.PathAsLogged ?? LogPath.Encode(add.Path)).AsMemory());
        _addValues.Set(row, add.PartitionValues);
        _addSize.Set(row, add.Size);
        _addTime.Set(row, add.ModificationTime);
        _addChange.Set(row, false);
        _addTags.Set(row, add.Tags!);
        Set(_addStats, row, add.Stats);
    }

    private void Set(int row, LogAction.Remove remove)
    {
        _removePath.Set(row, (remove.PathAsLogged ?? LogPath.Encode(remove.Path)).AsMemory());
        _removeTime.Set(row, remove.DeletionTimestamp);
        _removeChange.Set(row, false);
        _removeExtended.Set(row, remove is { PartitionValues: not null, Size: not null });
        _removeValues.Set(row, remove.PartitionValues ?? s_empty);
        _removeSize.Set(row, remove.Size);
    }

    private void Set(int row, LogAction.Metadata metadata)
    {
        _id.Set(row, metadata.Id.AsMemory());
        Set(_name, row, metadata.Name);
        Set(_description, row, metadata.Description);
        _provider.Set(row, "parquet".AsMemory());
        _options.Set(row, s_empty);
        _schemaString.Set(row, metadata.SchemaString.AsMemory());
        Set(_partitionColumns, row, metadata.PartitionColumns, emptyIsNull: false);
        _configuration.Set(row, metadata.Configuration!);
        _created.Set(row, metadata.CreatedTime);
    }

    private void Set(int row, LogAction.Protocol protocol)
    {
        _minReader.Set(row, protocol.MinReaderVersion);
        _minWriter.Set(row, protocol.MinWriterVersion);
        Set(_readerFeatures, row, protocol.ReaderFeatures, emptyIsNull: true);
        Set(_writerFeatures, row, protocol.WriterFeatures, emptyIsNull: true);
    }

    private static void Set(CheckpointColumn<ReadOnlyMemory<char>> column, int row, string? text)
    {
        if (text is null) column.SetNull(row, 1);
        else column.Set(row, text.AsMemory());
    }

    private static void Set(CheckpointColumn<ReadOnlyMemory<char>> column, int row, ImmutableArray<string> texts, bool emptyIsNull)
    {
        // A list has three levels of its own: that it is set, that it has an entry, that the entry is set.
        if (texts.IsDefaultOrEmpty) column.SetNull(row, emptyIsNull ? 3 : 2);
        else foreach (var text in texts) column.Set(row, text.AsMemory());
    }

    private LogAction.Txn? NextTxn()
    {
        var (appId, version, updated) = (_txnAppId.Next(), _txnVersion.Next(), _txnUpdated.Next());
        return appId is { } set ? new LogAction.Txn(set.ToString(), version ?? 0, updated) : null;
    }

    private LogAction.Add? NextAdd()
    {
        var (path, values, size, time, change, tags, stats) = (_addPath.Next(), _addValues.Next(), _addSize.Next(), _addTime.Next(), _addChange.Next(), _addTags.Next(""), _addStats.Next());
        if (path is not { } set) return null;
        var logged = set.ToString();
        return new LogAction.Add(LogPath.Decode(logged), values, size ?? 0, time ?? 0, change ?? false, stats?.ToString(), tags!) { PathAsLogged = LogPath.Foreign(logged) };
    }

    private LogAction.Remove? NextRemove()
    {
        var (path, time, change, extended, values, size) = (_removePath.Next(), _removeTime.Next(), _removeChange.Next(), _removeExtended.Next(), _removeValues.Next(), _removeSize.Next());
        if (path is not { } set) return null;
        var logged = set.ToString();
        return new LogAction.Remove(LogPath.Decode(logged), time, change ?? false, extended == true ? values : null, size) { PathAsLogged = LogPath.Foreign(logged) };
    }

    private LogAction.Metadata? NextMetadata()
    {
        var (id, name, description, schema, created) = (_id.Next(), _name.Next(), _description.Next(), _schemaString.Next(), _created.Next());
        var (partitioning, configuration) = (NextTexts(_partitionColumns), _configuration.Next(""));
        _ = (_provider.Next(), _options.Next());
        return id is { } set ? new LogAction.Metadata(set.ToString(), schema?.ToString() ?? "", partitioning, configuration!, name?.ToString(), description?.ToString(), created) : null;
    }

    private LogAction.Protocol? NextProtocol()
    {
        var (reader, writer, readerFeatures, writerFeatures) = (_minReader.Next(), _minWriter.Next(), NextTexts(_readerFeatures), NextTexts(_writerFeatures));
        return reader is null && writer is null ? null : new LogAction.Protocol(reader ?? 1, writer ?? 2, readerFeatures, writerFeatures);
    }

    private static ImmutableArray<string> NextTexts(CheckpointColumn<ReadOnlyMemory<char>> column)
    {
        ImmutableArray<string> texts = [];
        for (var isFirst = true; column.TryNext(isFirst, out var text); isFirst = false)
        {
            if (text is { } set) texts = texts.Add(set.ToString());
        }

        return texts;
    }

    private CheckpointColumn<ReadOnlyMemory<char>> Text(params string[] path) => Of<ReadOnlyMemory<char>>(path);

    private CheckpointColumn<T> Of<T>(params string[] path) where T : struct
    {
        var column = new CheckpointColumn<T>(CheckpointSchema.Find(_fields, path));
        _all.Add(column);
        return column;
    }

    private CheckpointMap Map(params string[] path)
    {
        var map = new CheckpointMap(CheckpointSchema.Find(_fields, path, "key"), CheckpointSchema.Find(_fields, path, "value"));
        _all.Add(map);
        return map;
    }
}
