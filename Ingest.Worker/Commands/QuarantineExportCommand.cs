using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Ingest.Core.Flow.Replay;

namespace Ingest.Worker.Commands;

/// <summary><c>quarantine export</c>: refused records as NDJSON, for the department that has to mend them.</summary>
internal static class QuarantineExportCommand
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var output = new Option<string?>("--output") { Description = "File to write. Default: standard output." };
        return PoolArguments.Command(
            "export", "Refused records as one JSON object a line, with their bytes (protected columns included): as text in 'raw' where they are UTF-8, else in 'raw_base64'.", [output, .. QuarantineFilter.Options],
            (given, parse, cancellation) => RunAsync(given, QuarantineFilter.Of(parse), parse.GetValue(output), cancellation), readsContracts: true);
    }

    private static async Task<int> RunAsync(PoolArguments given, QuarantineFilter filter, string? output, CancellationToken cancellation)
    {
        using var quarantine = await QuarantineRowsReader.OpenAsync(given.Pool, cancellation).ConfigureAwait(false);
        await filter.CheckAsync(given, quarantine, cancellation).ConfigureAwait(false);
        await using var stream = output is null ? Console.OpenStandardOutput() : Create(output);
        var rows = 0L;
        foreach (var (record, field, detail) in quarantine?.Rows(filter) ?? [])
        {
            await using (var writer = new Utf8JsonWriter(stream, s_options)) Write(writer, record, field, detail);
            stream.WriteByte((byte)'\n');
            rows++;
        }

        await Console.Error.WriteLineAsync($"{Output.Count(rows)} {(rows == 1 ? "row" : "rows")}{(output is null ? "" : $" in {output}")}.").ConfigureAwait(false);
        return ExitCodes.Ok;
    }

    private static FileStream Create(string output)
    {
        try
        {
            return File.Create(output);
        }
        catch (Exception cannot) when (cannot is IOException or UnauthorizedAccessException)
        {
            throw new CommandRefusedException(ExitCodes.BadConfiguration, $"--output is '{output}', which cannot be written: {FileArguments.Reason(cannot)}. Give a file {(cannot is DirectoryNotFoundException ? "in a folder that exists" : "that can be written")}.");
        }
    }

    private static void Write(Utf8JsonWriter writer, QuarantinedRecord record, string? field, string? detail)
    {
        writer.WriteStartObject();
        writer.WriteString("id", record.Id);
        writer.WriteString("department", record.Department);
        writer.WriteString("dataset", record.Dataset);
        writer.WriteString("reason", record.Reason);
        writer.WriteString("field", field);
        writer.WriteString("detail", detail);
        writer.WriteString("topic", record.Source.Topic);
        writer.WriteNumber("partition", record.Source.Partition);
        writer.WriteNumber("offset", record.Offset);
        writer.WriteNumber("position", record.Position);
        writer.WriteNumber("published_at_ms", record.PublishedAtMs);
        WriteBytes(writer, "header", record.Header);
        WriteBytes(writer, "raw", record.Raw);
        writer.WriteEndObject();
    }

    private static void WriteBytes(Utf8JsonWriter writer, string name, byte[]? bytes)
    {
        if (bytes is null) return;
        if (Utf8.IsValid(bytes)) writer.WriteString(name, bytes);
        else writer.WriteBase64String(name + "_base64", bytes);
    }
}
