using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Pool.Housekeeping;

namespace Ingest.Worker.Commands;

/// <summary><c>pool vacuum</c>: lists, and with <c>--delete</c> deletes, files that no retained version needs.</summary>
internal static class PoolVacuumCommand
{
    /// <summary>Files listed by name.</summary>
    private const int ListedMax = 20;

    public static Command Create()
    {
        var retain = new Option<TimeSpan>("--retain") { Description = "Versions of this time can still be read afterwards: days, such as 30d, or days.hours:minutes:seconds.", DefaultValueFactory = _ => Vacuum.RetentionMin, CustomParser = Retention };
        var delete = new Option<bool>("--delete") { Description = "Delete. Without it nothing is deleted, only shown." };
        var force = new Option<bool>("--force") { Description = "Allow less than seven days. Only while no worker runs and nobody reads: what is being written, or read, may go." };
        return PoolArguments.Command("vacuum", "Show files that no retained version needs, orphans among them; with --delete, delete them.", [retain, delete, force],
            (given, parse, cancellation) => RunAsync(given, parse.GetValue(retain), parse.GetValue(delete), parse.GetValue(force), cancellation), canSelect: true);
    }

    private static TimeSpan Retention(ArgumentResult argument)
    {
        var text = argument.Tokens[0].Value;
        if (text.EndsWith('d') && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days <= 100_000) return TimeSpan.FromDays(days);
        if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time)) return time;
        argument.AddError($"Cannot parse argument '{text}' for option '--retain'. Give days, such as 7d, or a time as days.hours:minutes:seconds, such as 7.00:00:00.");
        return default;
    }

    private static async Task<int> RunAsync(PoolArguments given, TimeSpan retain, bool delete, bool force, CancellationToken cancellation)
    {
        if (retain < TimeSpan.Zero || (retain < Vacuum.RetentionMin && !force))
            given.Errors.Add($"--retain is {retain}. Give at least {Vacuum.RetentionMin.TotalDays:F0} days (7d), or --force while no worker runs and nobody reads.");
        given.Check();

        var work = Directory.CreateTempSubdirectory("ingest-vacuum-");
        try
        {
            return await RunAsync(given, retain, delete, work.FullName, cancellation).ConfigureAwait(false);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static async Task<int> RunAsync(PoolArguments given, TimeSpan retain, bool delete, string workFolder, CancellationToken cancellation)
    {
        var report = Output.Table("table", delete ? "deleted files" : "files to delete", "of them orphans", "size", delete ? "deleted index objects" : "");
        foreach (var table in given.Tables)
        {
            var listed = 0;
            try
            {
                var done = await Vacuum.RunAsync(table.Store, retain, delete, IdSource.System, TimeProvider.System, workFolder, (file, isOrphan) =>
                {
                    if (listed++ < ListedMax) Console.WriteLine($"{table.Name}/{file.Name}{(isOrphan ? "  orphan" : "")}");
                }, cancellation).ConfigureAwait(false);
                if (listed > ListedMax) Console.WriteLine($"{table.Name}: and {Output.Count(listed - ListedMax)} more");
                report.Row(table.Name, Output.Count(done.Files), Output.Count(done.Orphans), Output.Bytes(done.Bytes), delete ? Output.Count(done.IndexObjects) : "");
            }
            catch (InvalidDataException unknown)
            {
                await Console.Error.WriteLineAsync($"error  {table.Name}: {unknown.Message} Nothing was deleted.").ConfigureAwait(false);
                return ExitCodes.Failed;
            }
        }

        Output.Console.Write(report);
        if (!delete) Console.WriteLine("Nothing was deleted; with --delete it is.");
        return ExitCodes.Ok;
    }
}
