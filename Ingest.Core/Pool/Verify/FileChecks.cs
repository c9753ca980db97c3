using System.Text.Json;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Parquet;
using Parquet.Schema;

namespace Ingest.Core.Pool.Verify;

/// <summary>What can be told from a live file: length, footer, types, and whether its statistics in the log hold for its values.</summary>
internal static class FileChecks
{
    public static async ValueTask RunAsync(IObjectStore table, LogAction.Add file, IReadOnlyDictionary<string, string> types, List<Finding> findings, CancellationToken cancellation)
    {
        var bytes = await table.ReadAsync(file.Path, cancellation);
        if (bytes is null || bytes.Length != file.Size)
        {
            findings.Add(new Finding(CheckList.Files, true, bytes is null ? $"{file.Path} is missing." : $"{file.Path} has {bytes.Length} bytes, and {file.Size} in the log."));
            return;
        }

        try
        {
            using var content = new MemoryStream(bytes, writable: false);
            await using var reader = await ParquetReader.CreateAsync(content, new ParquetOptions { UseBigDecimal = true }, leaveStreamOpen: true, cancellation);
            var rows = reader.Metadata!.RowGroups.Sum(g => g.NumRows);
            if (rows != file.Rows()) findings.Add(new Finding(CheckList.Footers, true, $"{file.Path} has {rows} rows, and {file.Rows()} in the log."));
            foreach (var field in reader.Schema.GetDataFields()) CheckType(file, field, types, findings);
            if (file.Stats is not null) await ValueBounds.CheckAsync(reader, file, types, findings, cancellation);
        }
        catch (Exception damaged) when (damaged is JsonException || ParquetDamage.Is(damaged))
        {
            findings.Add(new Finding(CheckList.Footers, true, $"{file.Path} cannot be read: {damaged.Message}"));
        }
    }

    private static void CheckType(LogAction.Add file, DataField field, IReadOnlyDictionary<string, string> types, List<Finding> findings)
    {
        if (file.PartitionValues.ContainsKey(field.Name)) findings.Add(new Finding(CheckList.Footers, true, $"{file.Path} stores the partition column {field.Name}."));
        else if (!types.TryGetValue(field.Name, out var type)) findings.Add(new Finding(CheckList.Footers, true, $"{file.Path} has a column {field.Name} that the table does not."));
        else if (TypeOf(field) != type) findings.Add(new Finding(CheckList.Footers, true, $"{file.Path} has {field.Name} as {TypeOf(field)}, and the table as {type}."));
    }

    private static string TypeOf(DataField field) => field switch
    {
        DecimalDataField d => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"decimal({d.Precision},{d.Scale})"),
        DateTimeDataField { IsAdjustedToUTC: true, Unit: DateTimeTimeUnit.Micros } => "timestamp",
        _ when field.ClrType == typeof(ReadOnlyMemory<char>) || field.ClrType == typeof(string) => "string",
        _ when field.ClrType == typeof(ReadOnlyMemory<byte>) || field.ClrType == typeof(byte[]) => "binary",
        _ when field.ClrType == typeof(int) => "integer",
        _ when field.ClrType == typeof(long) => "long",
        _ when field.ClrType == typeof(double) => "double",
        _ when field.ClrType == typeof(bool) => "boolean",
        _ when field.ClrType == typeof(DateOnly) || field.ClrType == typeof(DateTime) => "date",
        _ => field.ClrType.Name,
    };
}
