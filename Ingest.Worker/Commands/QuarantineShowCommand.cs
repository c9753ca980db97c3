using System.CommandLine;
using System.Text;
using System.Text.Unicode;
using Ingest.Core.Transfers;

namespace Ingest.Worker.Commands;

/// <summary><c>quarantine show</c>: one refused record with its bytes.</summary>
internal static class QuarantineShowCommand
{
    /// <summary>What a terminal shows without being flooded.</summary>
    private const int BytesShown = 4096;

    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "The row's id, as ls --rows prints it." };
        var full = new Option<bool>("--full") { Description = "All of its bytes, however many; without it the first 4 KiB." };
        return PoolArguments.Command("show", "One refused record: where it came from, why it was refused, what to do, and its bytes (protected columns included).", [id, full],
            (given, parse, cancellation) => RunAsync(given.Pool, parse.GetValue(id)!, parse.GetValue(full), cancellation));
    }

    private static async Task<int> RunAsync(PoolTables pool, string id, bool full, CancellationToken cancellation)
    {
        using var quarantine = await QuarantineRowsReader.OpenAsync(pool, cancellation).ConfigureAwait(false);
        var found = quarantine?.Rows(new QuarantineFilter(null, null, null, id, WithReplayed: true)).Select(r => ((Core.Flow.Replay.QuarantinedRecord, string?, string?)?)r).FirstOrDefault();
        if (found is not var (record, field, detail))
        {
            await Console.Error.WriteLineAsync($"There is no '{id}' in the quarantine of {pool.Root}. 'quarantine ls --rows 20' lists ids.").ConfigureAwait(false);
            return ExitCodes.Failed;
        }

        var open = quarantine!.Rows(new QuarantineFilter(null, null, null, id, WithReplayed: false)).Any();
        Console.WriteLine($"id          {record.Id}");
        Console.WriteLine($"department  {record.Department}");
        Console.WriteLine($"dataset     {record.Dataset ?? "not known"}");
        Console.WriteLine($"published   {(record.PublishedAtMs > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(record.PublishedAtMs).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture) : "not known")}");
        Console.WriteLine($"reason      {record.Reason}: {ReasonCodes.All.FirstOrDefault(r => r.Text == record.Reason).Meaning}");
        if (field is not null) Console.WriteLine($"field       {field}");
        if (detail is not null) Console.WriteLine($"detail      {detail}");
        Console.WriteLine($"state       {(open ? "open" : "taken in by a replay")}");
        if (record.Header is { } header) Console.WriteLine($"header      {Encoding.UTF8.GetString(header)}");
        Console.WriteLine($"bytes       {Output.Count(record.Raw.Length)}");
        var shown = full ? record.Raw.Length : Shown(record.Raw);
        Console.WriteLine(Utf8.IsValid(record.Raw) ? Encoding.UTF8.GetString(record.Raw, 0, shown) : Convert.ToHexString(record.Raw, 0, shown));
        if (shown < record.Raw.Length) Console.WriteLine($"… {Output.Count(record.Raw.Length - shown)} more bytes: --full shows them, and 'quarantine export' writes them to a file.");
        return ExitCodes.Ok;
    }

    /// <summary>The first bytes, without a part of a character at their end.</summary>
    private static int Shown(byte[] raw)
    {
        if (raw.Length <= BytesShown) return raw.Length;
        var end = BytesShown;
        while (end > BytesShown - 4 && (raw[end] & 0xC0) == 0x80) end--;
        return end;
    }
}
