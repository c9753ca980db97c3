using Ingest.Core.Transfers;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// A consumer group's coordinator. It believes what it hears: a member that sends no heartbeat for the session's length is out, and its partitions go to others,
/// whatever that member still thinks.
/// </summary>
internal sealed class Group
{
    private static readonly TimeSpan s_session = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_beat = TimeSpan.FromSeconds(1);

    private readonly World _world;
    private readonly IReadOnlyList<TopicPartition> _partitions;
    private readonly List<Member> _members = [];
    private readonly Dictionary<Member, TimeSpan> _heard = [];
    private readonly Dictionary<TopicPartition, Member> _owners = [];
    private readonly HashSet<Member> _revoking = [];
    private Dictionary<TopicPartition, Member> _target = [];

    public Group(World world, IReadOnlyList<TopicPartition> partitions, bool isCooperative)
    {
        _world = world;
        _partitions = partitions;
        IsCooperative = isCooperative;
        world.After(s_beat, Beat);
    }

    /// <summary>Members keep what they keep through a rebalance; else each gives up everything first.</summary>
    public bool IsCooperative { get; }

    public int Rebalances { get; private set; }

    public IReadOnlyList<Member> Members => _members;

    public void Join(Member member)
    {
        _members.Add(member);
        _heard[member] = _world.Now;
        Rebalance();
    }

    public void Leave(Member member)
    {
        if (!_members.Remove(member)) return;
        Release(member);
        Rebalance();
    }

    public bool IsMember(Member member) => _members.Contains(member);

    /// <summary>Deals the partitions out anew.</summary>
    public void Rebalance()
    {
        Rebalances++;
        var target = new Dictionary<TopicPartition, Member>();
        if (_members.Count > 0)
        {
            var offset = _world.Random.Next(_members.Count);
            for (var i = 0; i < _partitions.Count; i++) target[_partitions[i]] = _members[(i + offset) % _members.Count];
        }

        _target = target;
        _revoking.Clear();
        if (!IsCooperative) _revoking.UnionWith(_owners.Values.Where(IsMember));
    }

    /// <summary>What the member holds and has to give up now.</summary>
    public List<TopicPartition> ToGiveUp(Member member) =>
        [.. _partitions.Where(p => _owners.TryGetValue(p, out var owner) && owner == member && (_revoking.Contains(member) || _target[p] != member))];

    /// <summary>What the member may take now: its own by the last dealing, and nobody's any more.</summary>
    public List<TopicPartition> ToTake(Member member) =>
        _revoking.Count > 0 ? [] : [.. _partitions.Where(p => _target.TryGetValue(p, out var to) && to == member && !_owners.ContainsKey(p))];

    public void Took(Member member, IEnumerable<TopicPartition> partitions)
    {
        foreach (var partition in partitions) _owners[partition] = member;
    }

    public void GaveUp(Member member, IEnumerable<TopicPartition> partitions)
    {
        if (!IsMember(member)) return;
        foreach (var partition in partitions)
        {
            if (_owners.TryGetValue(partition, out var owner) && owner == member) _owners.Remove(partition);
        }

        _revoking.Remove(member);
    }

    private void Beat()
    {
        foreach (var member in _members.ToArray())
        {
            if (member.Process is { IsAlive: true, IsFrozen: false }) _heard[member] = _world.Now;
            else if (_world.Now - _heard[member] > s_session) Leave(member);
        }

        _world.After(s_beat, Beat);
    }

    private void Release(Member member)
    {
        foreach (var partition in _partitions)
        {
            if (_owners.TryGetValue(partition, out var owner) && owner == member) _owners.Remove(partition);
        }

        _revoking.Remove(member);
    }
}
