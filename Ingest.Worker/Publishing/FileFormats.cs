namespace Ingest.Worker.Publishing;

internal enum FileFormat
{
    Csv,
    Ndjson,
    Json,
}

internal static class FileFormats
{
    /// <summary>The format that a file's ending tells; null when it tells none.</summary>
    public static FileFormat? Of(string file) => Path.GetExtension(file).ToUpperInvariant() switch
    {
        ".CSV" => FileFormat.Csv,
        ".NDJSON" or ".JSONL" => FileFormat.Ndjson,
        ".JSON" => FileFormat.Json,
        _ => null,
    };
}
