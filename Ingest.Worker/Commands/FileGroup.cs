namespace Ingest.Worker.Commands;

/// <summary>Files of a table that DuckDB may take for alike.</summary>
/// <param name="Columns">Which columns of the table each of them holds, beside those in the folders' names; null: nobody knows but the files.</param>
internal sealed record FileGroup(IReadOnlyList<string> Paths, IReadOnlySet<string>? Columns);
