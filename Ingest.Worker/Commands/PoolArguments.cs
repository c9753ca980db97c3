using System.CommandLine;
using Ingest.Core.Contracts;
using Ingest.Worker.Configuration;

namespace Ingest.Worker.Commands;

/// <summary>What commands on a pool share: which pool, which of its tables, by which contracts. Mistakes are gathered, and told at once by <see cref="Check"/>.</summary>
internal sealed class PoolArguments
{
    private static readonly Option<string?> s_pool = new("--pool") { Description = "The pool: a folder, s3://bucket/prefix or az://container/prefix. Default: the setting Ingest:Pool, else ./pool." };
    private static readonly Option<string?> s_table = new("--table") { Description = "Only this table." };
    private static readonly Option<string?> s_contracts = new("--contracts") { Description = "Contracts: a YAML file, or a folder of them. Default: the setting Ingest:Contracts." };

    private readonly ParseResult _parse;

    private PoolArguments(PoolTables pool, ParseResult parse)
    {
        _parse = parse;
        Pool = pool;
        if (Only is { } only && pool.Tables.All(t => t.Name != only) && pool.Damaged.All(t => t.Name != only)) Errors.Add($"There is no table '{only}' in {pool.Root}.");
    }

    public PoolTables Pool { get; }

    /// <summary>What is wrong with the command line or the settings.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>The table that <c>--table</c> names; null for all.</summary>
    public string? Only => _parse.CommandResult.Command.Options.Contains(s_table) ? _parse.GetValue(s_table) : null;

    public IEnumerable<PoolTable> Tables => Pool.Tables.Where(t => Only is null || t.Name == Only);

    public IEnumerable<DamagedTable> Damaged => Pool.Damaged.Where(t => Only is null || t.Name == Only);

    /// <summary>Where contracts are looked for.</summary>
    public string ContractsFolder => _parse.GetValue(s_contracts) ?? SettingsReader.Configuration([])["Ingest:Contracts"] ?? new IngestSettings().Contracts;

    /// <summary>Makes a command that opens the pool before anything else.</summary>
    /// <param name="options">Of the command's own.</param>
    /// <param name="canSelect">Takes <c>--table</c>.</param>
    /// <param name="readsContracts">Takes <c>--contracts</c>.</param>
    /// <param name="bearsDamage">Is about logs that cannot be read, too; any other command ends with them.</param>
    public static Command Command(
        string name, string description, IEnumerable<Symbol> options, Func<PoolArguments, ParseResult, CancellationToken, Task<int>> run, bool canSelect = false, bool readsContracts = false, bool bearsDamage = false)
    {
        var command = new Command(name, description) { s_pool };
        if (canSelect) command.Add(s_table);
        if (readsContracts) command.Add(s_contracts);
        foreach (var option in options)
        {
            if (option is Argument argument) command.Add(argument);
            else command.Add((Option)option);
        }

        command.SetAction(async (parse, cancellation) =>
        {
            using var ended = new EndSignal();
            try
            {
                var pool = await PoolTables.OpenAsync(parse.GetValue(s_pool), bearsDamage, cancellation).ConfigureAwait(false);
                return await run(new PoolArguments(pool, parse), parse, cancellation).ConfigureAwait(false);
            }
            catch (CommandRefusedException refused)
            {
                await Console.Error.WriteLineAsync(refused.Message).ConfigureAwait(false);
                return refused.ExitCode;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return ended.ExitCode;
            }
        });
        return command;
    }

    /// <summary>The contracts; null after an error was added.</summary>
    public Catalog? Contracts() => ContractFiles.Load(ContractsFolder, Errors, "Give a YAML file or a folder of them with --contracts, or with the setting Ingest:Contracts.");

    /// <summary>The contracts, for a command that can do without: null when there are none, or not all can be read.</summary>
    public Catalog? ContractsIfAny() => ContractFiles.Load(ContractsFolder, []);

    /// <summary>Ends the command when something is wrong with what it was given.</summary>
    /// <exception cref="CommandRefusedException">There are errors.</exception>
    public void Check()
    {
        if (Errors.Count > 0) throw new CommandRefusedException(ExitCodes.BadConfiguration, Errors);
    }
}
