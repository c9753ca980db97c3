using Ingest.Tests.Simulation.Harness;

namespace Ingest.Tests.Simulation.Seeds;

/// <summary>
/// Seeds that failed once, each with a word on the bug that it found. What a seed makes happen changes whenever the simulator does, so each of these bugs is kept as a deliberate
/// one as well (<c>Ingest.Core/Bug.cs</c>), which the simulator must find whatever the seeds mean by then.
/// </summary>
public sealed class KeptSeedTests : IDisposable
{
    private readonly string _folder = Path.Combine(SeedRun.WorkFolder(), nameof(KeptSeedTests));

    public static TheoryData<int, string> Seeds => new()
    {
        { 3, "A batch could not be opened while the budget was overdrawn, and the worker ended." },
        { 4, "The same in the quarantine's lane." },
        { 11, "A batch could not be opened while the budget was overdrawn." },
        { 6, "A data file of which only half had arrived was committed, because its name was taken by that half." },
        { 9, "The same for an index run." },
        { 13, "The index folder was deleted while a copy was being fetched at the start, and the worker ended." },
        { 35, "The same after a commit." },
        { 39, "The same after a commit." },
        { 41, "The same after a commit." },
        { 53, "The same at the start." },
        { 104, "The same after a commit." },
        { 161, "The broker was asked for its end before the tables were read: what a former owner committed in between lay beyond it, and the partition stopped as if re-created." },
        { 94, "Half of a sealed file held its name, and nothing of that table was sealed any more." },
        { 103, "One worker was frozen for good after all was mended: the simulator's own mistake." },
        { 1148, "Vacuum took files that an entry had just replaced, for the entry said a time before its worker's long sleep." },
        { 1830, "The same in another table." },
        { 7, "A sealed file without rows could not be written, since the offsets of a text column to which nothing was appended had no first one; the worker ended." },
        { 1488, "The simulated broker said the end of a partition again and again, until nothing more went into the mailbox of a worker that waited for the store: the simulator's own mistake." },
        { 1966, "A sealer that had slept took the end of a cleaned log for the end of the log, did not know the files of a plan, and put a file without rows in the place of one that was committed." },
        { 19411, "An entry that its worker had given up arrived late, and the worker's next batch was not held against its rows, for the run in it was its own: a row stood twice." },
        { 19286, "A worker slept for eight days with a state of the log in hand, a run of its index had been merged and deleted meanwhile, and the worker ended, saying that the index is damaged." },
        { 458, "A store refused to delete a lease when its worker ended, and the worker ended as if it had broken down." },
        { 1720, "The same." },
        { 1241, "A vacuum slept for eight days between reading the log and listing the index, reckoned ages from when it awoke, and deleted a valid run that was committed meanwhile." },
        { 5565, "A worker slept for a week between a create and the look at it, vacuum took the file, and the worker ended, saying that the store loses data." },
        { 8878, "A commit that was stopped for ten days before its put named files that vacuum had deleted meanwhile: nobody else had taken the slot." },
        { 26028, "The same in another history." },
        { 34933, "The same in another history." },
        { 39933, "The same in another history." },
        { 58132, "The same in another history." },
        { 74774, "The same in another history." },
        { 74982, "The same in another history." },
        { 76393, "The same in another history." },
        { 84310, "An answer was lost while an index run was copied, and its reader waited as long as the largest one may take: minutes, in which a worker said that it reads and did not." },
        { 107917, "A worker that had ended without its Kafka client was still heard by the group, and kept its partition: the simulator's own mistake." },
        { 20438, "What was settled was handed over again before it was looked at, and nobody accepted a gap that had been told: the simulator's own mistake." },
        { 45355, "A worker that had just awoken was taken to have caught up with a topic created anew: the simulator's own mistake." },
        { 119870, "A worker slept for weeks between two entries of a log that it opened, the rest was cleaned away meanwhile, and it ended, saying that the log has a hole." },
        { 72150, "An entry put where the log had been cleaned was deleted by the next cleaning, and the oracle took it for one that is needed: the simulator's own mistake." },
        { 93774, "A sealer slept for weeks before it put its file, vacuum had freed the name of what came to nothing meanwhile, and for a moment a glob showed rows twice." },
        { 321500, "A sealer slept for weeks before it put its entry, the log had been cleaned beyond that slot, and the entry that nobody reads counted as proof that the plan was carried out: the next plan took the same rows." },
    };

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_seed_that_failed_once_does_not_fail_again(int seed, string bug)
    {
        Assert.NotEmpty(bug);
        Assert.Null(SeedRun.RunOne(seed, _folder).Failure);
    }
}
